// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the channels of a listener hold together. The channels may run in several threads.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/message/held.hpp>

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

namespace parley::detail {

class channel_share;
class channel_state;

/// How a channel's room grows.
inline constexpr std::size_t room_step = std::size_t{64} << 10;

/// The rules:
/// - A channel holds room, in steps, for what has come of a message that is not whole. A message that is whole holds
///   none.
/// - The holder that began first always gets its next step, so one message always goes on. All together hold what the
///   options say and one message at the most.
/// - Any other that would go beyond the limit waits in line. All ask for one step, so where the first in line finds no
///   room no other does.
/// - While any waits, the holder whose time has run out gives way: it loses its room at once, and its channel is told.
///   The time that a holder itself waits in line does not count.
class channel_budget : public std::enable_shared_from_this<channel_budget> {
public:
    /// All channels run on `io`, or on what takes its work.
    channel_budget(const executor& io, const held_options& options) : options_(options), io_(io), timer_(io) {}
    channel_budget(const channel_budget&) = delete;
    channel_budget& operator=(const channel_budget&) = delete;

    const held_options& options() const noexcept { return options_; }
    held_counters counters() const;

private:
    friend class channel_share;

    using clock = std::chrono::steady_clock;
    using by_age = std::map<std::uint64_t, channel_share*>;
    using by_time = std::set<std::pair<clock::time_point, channel_share*>>;

    bool has_room_for(const channel_share& share) const noexcept;
    void give(channel_share& to, std::size_t steps);
    void stand_in_line(channel_share& share);
    void leave_line(channel_share& share);
    void serve();
    void end(channel_share& share);
    std::chrono::milliseconds time_left_of(const by_time& holders) const;
    void set_descriptors(channel_share& share, std::size_t n);
    void tell(const channel_share& share);

    void set_timer();
    void timer_fired();
    void tell_those_whose_peers_have_gone();

    const held_options options_;
    const executor io_;
    mutable std::mutex mutex_;
    asio::steady_timer timer_;  // set while there is a line
    std::size_t bytes_ = 0;
    std::size_t descriptors_ = 0;
    std::uint64_t waits_ = 0;
    std::uint64_t closed_ = 0;
    std::uint64_t next_age_ = 1;
    by_age holders_;            // of bytes
    by_age line_;               // those that wait for a step, holders and others
    by_time running_;           // the holders that do not wait; the key is when they began, later by what they waited
    by_time with_descriptors_;  // since when
};

/// The part of one channel. Used by that channel's thread. When others have changed something,
/// `channel_state::told_by_budget` is called on the channel's executor.
class channel_share {
public:
    /// `fd` is looked at for the end of the peer. Until `leave`.
    channel_share(std::shared_ptr<channel_budget> budget, std::weak_ptr<channel_state> channel, int fd) noexcept
        : budget_(std::move(budget)), channel_(std::move(channel)), fd_(fd) {}
    channel_share(const channel_share&) = delete;
    channel_share& operator=(const channel_share&) = delete;
    ~channel_share() { leave(); }

    /// Room of so many steps in all, one more than before. False: it waits in line, and is told.
    bool reserve(std::size_t steps);
    /// Does not wait any more, and holds so many steps at the most.
    void keep(std::size_t steps);
    /// Holds `n` descriptors in all from now on; false, and nothing changes, where those are too many.
    bool hold(std::size_t n);

    /// Another channel needed what this one held. It holds nothing any more.
    bool must_end() const noexcept { return must_end_; }
    /// The peer has ended what it sends while this one waited in line, which it has left.
    bool peer_has_gone() const noexcept { return peer_has_gone_; }
    const held_options& options() const noexcept { return budget_->options(); }
    /// Holds nothing any more.
    void leave();

private:
    friend class channel_budget;

    const std::shared_ptr<channel_budget> budget_;
    const std::weak_ptr<channel_state> channel_;
    bool asked_ = false;  // for bytes; of the channel's thread
    std::atomic<bool> must_end_{false};
    std::atomic<bool> peer_has_gone_{false};

    // with the budget's lock
    int fd_;
    bool waits_ = false;
    std::size_t steps_ = 0;
    std::size_t descriptors_ = 0;
    std::uint64_t age_ = 0;  // of the message; 0 where it has not asked for room
    channel_budget::clock::time_point since_{};
    channel_budget::clock::time_point waits_since_{};
    channel_budget::clock::time_point descriptors_since_{};
};

}  // namespace parley::detail
