// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Calls of the other side that wait for their turn: because calls are served one after the other, or because more are
// not to run at once and none is to be refused.

#include <parley/core/timer.hpp>

#include "rpc/session.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace parley::rpc::detail {

session::held_message& session::hold(std::string_view message) {
    held_bytes_ += message.size();
    auto& held = held_.emplace_back(message);
    held.parsed.most_items = options_.batch_calls;
    return held;
}

void session::forget_held() noexcept {
    held_.clear();
    held_bytes_ = 0;
}

// Whether a function of the router is called for it.
bool session::is_served(const incoming_item& item) const noexcept {
    using kind = incoming_item::kind;
    if (item.what == kind::call || item.what == kind::notification) return true;
    if (item.what != kind::part || item.has_number || calls_ == nullptr) return false;
    const auto* const call = calls_->find(calls_->due());
    return call == nullptr || !call->wants_parts;
}

bool session::is_full() noexcept {
    if (counted_.running >= options_.calls_running) return true;
    if (options_.calls_per_second <= 0) return false;
    refill();
    return allowance_ < 1;
}

// What cannot run now waits, where it is not to be refused.
bool session::has_to_wait() noexcept {
    if (options_.when_full != full_queue::wait || options_.calls_running == 0) return false;
    return !(shutting_down_ && !other_ended_) && is_full();
}

bool session::may_take() noexcept { return wire_->ordered() ? running_.empty() && !has_to_wait() : !has_to_wait(); }

void session::take_held() {
    while (!held_.empty() && open_ && connected_ && may_take()) process_held();
    if (!held_.empty()) await_allowance();
    if (shutting_down_) idle_.cancel();
}

// Behind what runs now, where no receive ends that would go on with them.
void session::take_held_later() {
    if (std::exchange(take_posted_, true)) return;
    asio::post(executor_, [self = shared_from_this()] {
        self->take_posted_ = false;
        if (self->processing_) return;
        try {
            self->take_held();
        } catch (...) {
            self->resume();
            throw;
        }
    });
}

void session::process_held() {
    std::list<held_message> own;
    own.splice(own.begin(), held_, held_.begin());
    auto& held = own.front();
    processing_ = true;
    try {
        if (held.parsed.items.empty()) {
            wire_->read(held.text, held.parsed);
            count_noise(held.parsed);
            held.together = begin_batch(held.parsed);
        }
        held.next = process(held.parsed, held.next, held.together, turn::own);
        end_after_noise();
    } catch (...) {
        held_bytes_ -= std::min(held_bytes_, held.text.size());
        processing_ = false;
        throw;
    }
    processing_ = false;
    if (!open_ || !connected_) return;
    if (held.next != held.parsed.items.size())
        held_.splice(held_.begin(), own);
    else
        held_bytes_ -= held.text.size();
}

// Where a rate is what they wait for, time brings their turn.
void session::await_allowance() {
    if (options_.calls_per_second <= 0 || allowed_ || counted_.running >= options_.calls_running) return;
    const std::chrono::duration<double> until((1 - allowance_) / options_.calls_per_second);
    allowed_ = std::make_unique<asio::steady_timer>(
        executor_, parley::detail::time_after(parley::detail::time_after(until), std::chrono::milliseconds(1)));
    allowed_->async_wait([weak = weak_from_this()](error_code ec) {
        const auto self = weak.lock();
        if (ec || !self) return;
        self->allowed_.reset();
        self->resume();
    });
}

}  // namespace parley::rpc::detail
