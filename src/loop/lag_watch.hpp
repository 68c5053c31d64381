// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// When to look how late a loop is, and what was seen.
#pragma once

#include <parley/core/timer.hpp>

#include <chrono>
#include <cstddef>
#include <utility>

namespace parley::detail {

/// Once in a period the loop puts a handler behind everything that is ready: how long after its time that one runs is
/// the lag. No timer, which would be work and keep the loop from ending.
///
/// Pure: the clock and the handler are the caller's.
class lag_watch {
public:
    using duration = std::chrono::steady_clock::duration;
    using time_point = std::chrono::steady_clock::time_point;

    explicit lag_watch(duration period) noexcept : period_(period) {}

    /// The loop begins to run. Nobody is late who waited for that.
    void begin(time_point now) noexcept {
        due_ = looks_ ? now : time_after(now, period_);
        ended_ = 0;
    }
    /// When to look next.
    time_point due() const noexcept { return due_; }
    /// A handler is on its way.
    bool looks() const noexcept { return looks_; }
    /// True when it is time to send one.
    bool begin_look(time_point now) noexcept {
        if (looks_ || now < due_) return false;
        return looks_ = true;
    }
    /// It runs; gives the lag.
    duration end_look(time_point now) noexcept {
        const auto lag = now - due_;
        looks_ = false;
        due_ = time_after(now, period_);
        ++ended_;
        return lag;
    }
    /// How many of the handlers that ran were such, since the last time.
    std::size_t take_ended() noexcept { return std::exchange(ended_, 0); }

private:
    duration period_;
    time_point due_{};
    bool looks_ = false;
    std::size_t ended_ = 0;
};

}  // namespace parley::detail
