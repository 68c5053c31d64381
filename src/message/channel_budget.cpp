// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "message/channel_budget.hpp"

#include <parley/core/timer.hpp>

#include "core/syscall.hpp"
#include "message/channel_state.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <limits>
#include <ostream>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/resource.h>

namespace parley {

std::size_t half_of_all_descriptors() noexcept {
    rlimit all{};
    if (::getrlimit(RLIMIT_NOFILE, &all) != 0) return 512;
    return static_cast<std::size_t>(std::min<rlim_t>(all.rlim_cur, std::numeric_limits<int>::max()) / 2);
}

std::string to_string(const held_counters& c) {
    return std::to_string(c.unfinished_bytes) + " bytes of unfinished messages, " + std::to_string(c.descriptors) +
           " descriptors, " + std::to_string(c.waits) + " waits, " + std::to_string(c.closed) + " closed";
}

std::ostream& operator<<(std::ostream& out, const held_counters& c) { return out << to_string(c); }

namespace detail {
namespace {

constexpr std::chrono::milliseconds shortest_wait{1};
constexpr std::chrono::milliseconds look_every{100};  // for peers that have gone

}  // namespace

held_counters channel_budget::counters() const {
    const std::scoped_lock lock(mutex_);
    return {bytes_, descriptors_, waits_, closed_};
}

// One that is alone is the first.
bool channel_budget::has_room_for(const channel_share& share) const noexcept {
    if (!options_.unfinished_bytes || holders_.empty() || holders_.begin()->second == &share) return true;
    return bytes_ <= *options_.unfinished_bytes && room_step <= *options_.unfinished_bytes - bytes_;
}

// Of one that does not wait.
void channel_budget::give(channel_share& to, std::size_t steps) {
    bytes_ += (steps - to.steps_) * room_step;
    if (to.steps_ == 0 && steps != 0) {
        to.since_ = clock::now();
        holders_.emplace(to.age_, &to);
        running_.emplace(to.since_, &to);
    } else if (to.steps_ != 0 && steps == 0) {
        holders_.erase(to.age_);
        running_.erase({to.since_, &to});
    }
    to.steps_ = steps;
    if (steps == 0) to.age_ = 0;
}

void channel_budget::stand_in_line(channel_share& share) {
    ++waits_;
    share.waits_ = true;
    share.waits_since_ = clock::now();
    if (share.steps_ != 0) running_.erase({share.since_, &share});
    line_.emplace(share.age_, &share);
    if (line_.size() == 1) set_timer();
}

void channel_budget::leave_line(channel_share& share) {
    if (!std::exchange(share.waits_, false)) return;
    line_.erase(share.age_);
    if (line_.empty()) timer_.cancel();
    if (share.steps_ == 0) return;
    share.since_ += clock::now() - share.waits_since_;
    running_.emplace(share.since_, &share);
}

// Gives those in line their steps, as far as there is room.
void channel_budget::serve() {
    while (!line_.empty() && has_room_for(*line_.begin()->second)) {
        auto& first = *line_.begin()->second;
        leave_line(first);
        give(first, first.steps_ + 1);
        tell(first);
    }
}

// Called with the lock, by any thread. The channel must not end here: it would take the lock.
void channel_budget::tell(const channel_share& share) {
    asio::post(io_, [weak = share.channel_] {
        if (const auto channel = weak.lock()) channel->told_by_budget();
    });
}

// All that it holds belongs to others from now on.
void channel_budget::end(channel_share& share) {
    share.must_end_ = true;
    ++closed_;
    leave_line(share);
    give(share, 0);
    set_descriptors(share, 0);
    tell(share);
    serve();
}

// How long the first of these may still hold what it holds; 0 where its time has run out.
std::chrono::milliseconds channel_budget::time_left_of(const by_time& holders) const {
    const std::chrono::milliseconds limit = options_.unfinished_timeout;
    const auto held_for = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - holders.begin()->first);
    return held_for >= limit ? std::chrono::milliseconds(0) : limit - held_for;
}

void channel_budget::set_descriptors(channel_share& share, std::size_t n) {
    if (share.descriptors_ == 0 && n != 0) {
        share.descriptors_since_ = clock::now();
        with_descriptors_.emplace(share.descriptors_since_, &share);
    } else if (share.descriptors_ != 0 && n == 0) {
        with_descriptors_.erase({share.descriptors_since_, &share});
    }
    descriptors_ += n - share.descriptors_;
    share.descriptors_ = n;
}

// One holder gives way at a time: those in line may find all they need.
void channel_budget::timer_fired() {
    const std::scoped_lock lock(mutex_);
    if (line_.empty()) return;
    tell_those_whose_peers_have_gone();
    if (!line_.empty() && !running_.empty() && time_left_of(running_).count() == 0) end(*running_.begin()->second);
    if (!line_.empty()) set_timer();
}

void channel_budget::set_timer() {
    const auto due = running_.empty() ? look_every : time_left_of(running_);
    timer_.expires_at(time_after(std::clamp(due, shortest_wait, look_every)));
    timer_.async_wait([weak = weak_from_this()](const error_code& ec) {
        if (ec) return;
        if (const auto budget = weak.lock()) budget->timer_fired();
    });
}

// A channel in line does not read, and would not notice it.
void channel_budget::tell_those_whose_peers_have_gone() {
    std::vector<pollfd> peers;
    std::vector<channel_share*> shares;
    for (const auto& [age, share] : line_) {
        peers.push_back({share->fd_, POLLRDHUP, 0});
        shares.push_back(share);
    }
    sys::poll(peers.data(), peers.size(), 0);
    for (std::size_t i = 0; i != peers.size(); ++i) {
        if (peers[i].revents == 0) continue;
        shares[i]->peer_has_gone_ = true;
        leave_line(*shares[i]);
        tell(*shares[i]);
    }
    serve();
}

bool channel_share::reserve(std::size_t steps) {
    asked_ = true;
    const std::scoped_lock lock(budget_->mutex_);
    if (steps <= steps_ || must_end_) return true;
    if (waits_) return false;
    if (age_ == 0) age_ = budget_->next_age_++;
    if (budget_->has_room_for(*this)) {
        budget_->give(*this, steps);
        return true;
    }
    budget_->stand_in_line(*this);
    return false;
}

void channel_share::keep(std::size_t steps) {
    if (!asked_) return;
    asked_ = steps != 0;
    const std::scoped_lock lock(budget_->mutex_);
    budget_->leave_line(*this);
    budget_->give(*this, std::min(steps_, steps));
    budget_->serve();
}

bool channel_share::hold(std::size_t n) {
    const std::scoped_lock lock(budget_->mutex_);
    if (must_end_) return n == 0;
    const auto& most = budget_->options_.descriptors;
    if (n > descriptors_ && most && budget_->descriptors_ + (n - descriptors_) > *most) {
        ++budget_->closed_;
        const auto& holders = budget_->with_descriptors_;
        if (!holders.empty() && holders.begin()->second != this && budget_->time_left_of(holders).count() == 0)
            budget_->end(*holders.begin()->second);
        return false;
    }
    budget_->set_descriptors(*this, n);
    return true;
}

void channel_share::leave() {
    const std::scoped_lock lock(budget_->mutex_);
    budget_->leave_line(*this);
    budget_->give(*this, 0);
    budget_->set_descriptors(*this, 0);
    budget_->serve();
    asked_ = false;
    fd_ = -1;
}

}  // namespace detail
}  // namespace parley
