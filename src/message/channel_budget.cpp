// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "message/channel_budget.hpp"

#include "core/syscall_net.hpp"

#include <algorithm>
#include <limits>
#include <ostream>
#include <utility>

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

held_counters channel_budget::counters() const {
    const std::scoped_lock lock(mutex_);
    return {bytes_, descriptors_, waits_, closed_};
}

// One that is alone has room in any case: it could never come whole otherwise.
bool channel_budget::has_room(std::size_t bytes, std::size_t already) const noexcept {
    const std::size_t others = bytes_ - already;
    return !options_.unfinished_bytes || others == 0 ||
           (others <= *options_.unfinished_bytes && bytes <= *options_.unfinished_bytes - others);
}

void channel_budget::give(channel_share& to, std::size_t bytes) {
    bytes_ += bytes - to.bytes_;
    if (to.bytes_ == 0 && bytes != 0) {
        to.bytes_since_ = clock::now();
        to.bytes_at_ = with_bytes_.insert(with_bytes_.end(), &to);
    } else if (to.bytes_ != 0 && bytes == 0) {
        with_bytes_.erase(to.bytes_at_);
    }
    to.bytes_ = bytes;
}

// Gives those that wait what they wait for, as far as there is room.
void channel_budget::serve() {
    for (; !waiters_.empty(); waiters_.pop_front()) {
        auto& [share, bytes, granted] = waiters_.front();
        if (!has_room(bytes, share->bytes_)) return;
        give(*share, bytes);
        share->waits_ = false;
        granted();
    }
}

// False where none has held anything for long enough.
bool channel_budget::end_oldest(shares& of, clock::time_point channel_share::*since, const channel_share& but) {
    for (channel_share* const share : of) {
        const auto held_for = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - share->*since);
        if (held_for < options_.unfinished_timeout) return false;
        if (share == &but || share->must_end_) continue;
        share->must_end_ = true;
        ++closed_;
        sys::end_receiving(share->fd_);
        return true;
    }
    return false;
}

bool channel_share::reserve(std::size_t bytes, const std::function<void()>& granted) {
    if (bytes == 0) {
        if (!std::exchange(asked_, false)) return true;
        withdraw();
        const std::scoped_lock lock(budget_->mutex_);
        budget_->give(*this, 0);
        budget_->serve();
        return true;
    }
    asked_ = true;
    const std::scoped_lock lock(budget_->mutex_);
    if (bytes <= bytes_) return true;
    if (waits_) return false;
    if (budget_->waiters_.empty() && budget_->has_room(bytes, bytes_)) {
        budget_->give(*this, bytes);
        return true;
    }
    ++budget_->waits_;
    waits_ = true;
    budget_->waiters_.push_back({this, bytes, granted});
    return false;
}

void channel_share::withdraw() {
    const std::scoped_lock lock(budget_->mutex_);
    if (!std::exchange(waits_, false)) return;
    budget_->waiters_.remove_if([&](const channel_budget::waiter& w) { return w.share == this; });
    budget_->serve();
}

void channel_share::press() {
    const std::scoped_lock lock(budget_->mutex_);
    if (!waits_) return;
    budget_->end_oldest(budget_->with_bytes_, &channel_share::bytes_since_, *this);
}

bool channel_share::hold(std::size_t n) {
    if (n == descriptors_) return true;
    const std::scoped_lock lock(budget_->mutex_);
    const auto& most = budget_->options_.descriptors;
    if (n > descriptors_ && most && budget_->descriptors_ + (n - descriptors_) > *most) {
        ++budget_->closed_;
        budget_->end_oldest(budget_->with_descriptors_, &channel_share::descriptors_since_, *this);
        return false;
    }
    auto& holders = budget_->with_descriptors_;
    if (descriptors_ == 0) {
        descriptors_since_ = channel_budget::clock::now();
        descriptors_at_ = holders.insert(holders.end(), this);
    } else if (n == 0) {
        holders.erase(descriptors_at_);
    }
    budget_->descriptors_ += n - descriptors_;
    descriptors_ = n;
    return true;
}

void channel_share::leave() {
    withdraw();
    hold(0);
    const std::scoped_lock lock(budget_->mutex_);
    budget_->give(*this, 0);
    budget_->serve();
    fd_ = -1;
}

}  // namespace detail
}  // namespace parley
