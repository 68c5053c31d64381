// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the channels of a listener hold together. The channels may run in several threads.
#pragma once

#include <parley/message/held.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

namespace parley::detail {

class channel_share;

class channel_budget {
public:
    explicit channel_budget(const held_options& options) noexcept : options_(options) {}
    channel_budget(const channel_budget&) = delete;
    channel_budget& operator=(const channel_budget&) = delete;

    const held_options& options() const noexcept { return options_; }
    held_counters counters() const;

private:
    friend class channel_share;

    struct waiter {
        channel_share* share;
        std::size_t bytes;
        std::function<void()> granted;
    };
    using clock = std::chrono::steady_clock;
    using shares = std::list<channel_share*>;

    bool has_room(std::size_t bytes, std::size_t already) const noexcept;
    void give(channel_share& to, std::size_t bytes);
    void serve();
    bool end_oldest(shares& of, clock::time_point channel_share::*since, const channel_share& but);

    const held_options options_;
    mutable std::mutex mutex_;
    std::size_t bytes_ = 0;
    std::size_t descriptors_ = 0;
    std::uint64_t waits_ = 0;
    std::uint64_t closed_ = 0;
    shares with_bytes_;        // in the order in which they began to hold some
    shares with_descriptors_;  // the same
    std::list<waiter> waiters_;
};

/// The part of one channel. Used by that channel's thread; what others do to it is told by `must_end`.
class channel_share {
public:
    /// `fd` is shut down for reading to wake the channel when it must end. Until `leave`.
    channel_share(std::shared_ptr<channel_budget> budget, int fd) noexcept : budget_(std::move(budget)), fd_(fd) {}
    channel_share(const channel_share&) = delete;
    channel_share& operator=(const channel_share&) = delete;
    ~channel_share() { leave(); }

    /// Room for a message of so many bytes in all; 0 gives everything back. False where there is none: `granted` is
    /// called, from any thread, once there is, unless the share waits already. It calls nothing of this.
    bool reserve(std::size_t bytes, const std::function<void()>& granted);
    /// Does not wait any more.
    void withdraw();
    /// This share has waited long enough: ends the oldest.
    void press();

    /// Holds `n` descriptors in all from now on; false, and nothing changes, where those are too many.
    bool hold(std::size_t n);

    /// Another channel needs what this one holds.
    bool must_end() const noexcept { return must_end_; }
    const held_options& options() const noexcept { return budget_->options(); }
    /// Holds nothing any more.
    void leave();

private:
    friend class channel_budget;

    const std::shared_ptr<channel_budget> budget_;
    int fd_;
    std::size_t bytes_ = 0;
    std::size_t descriptors_ = 0;
    bool asked_ = false;  // for bytes
    bool waits_ = false;
    std::atomic<bool> must_end_{false};
    channel_budget::clock::time_point bytes_since_{};
    channel_budget::clock::time_point descriptors_since_{};
    channel_budget::shares::iterator bytes_at_{};
    channel_budget::shares::iterator descriptors_at_{};
};

}  // namespace parley::detail
