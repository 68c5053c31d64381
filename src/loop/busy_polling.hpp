// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Whether polling pays: what a loop learns from its waits.
#pragma once

#include <algorithm>
#include <chrono>

namespace parley::detail {

/// How long to poll before the next wait blocks. It pays where the next event comes within the time. Two things speak
/// against it. Nothing comes for long: then it costs a core and saves a wake-up now and then. And the other side needs
/// this core and does not get it by sched_yield(2): then what is waited for comes at once when the loop blocks, and
/// never while it polls.
///
/// Pure: the clock is the caller's.
class busy_polling {
public:
    using duration = std::chrono::steady_clock::duration;
    using time_point = std::chrono::steady_clock::time_point;

    explicit busy_polling(duration most) noexcept : most_(most), window_(most) {}

    /// How long to poll now; zero: block at once.
    duration window(time_point now) const noexcept { return now < not_before_ ? duration::zero() : window_; }

    /// Something came while it polled.
    void paid() noexcept {
        window_ = most_;
        penalty_ = duration::zero();
    }
    /// Nothing came while it polled; it blocked then, for `waited`.
    void missed(duration waited, time_point now) noexcept {
        if (waited < most_)
            punish(now);  // it came as soon as the core was free
        else
            window_ /= 2;
        if (window_ < most_ / 16) window_ = duration::zero();
    }
    /// It blocked without having polled, for `waited`.
    void waited(duration waited, time_point now) noexcept {
        if (waited < most_ && now >= not_before_) window_ = most_;  // it would have come while polling
    }

private:
    void punish(time_point now) noexcept {
        using namespace std::chrono_literals;
        penalty_ = std::clamp<duration>(penalty_ * 2, 1ms, 1s);
        not_before_ = now + penalty_;
    }

    duration most_;
    duration window_;
    duration penalty_{};
    time_point not_before_{};
};

}  // namespace parley::detail
