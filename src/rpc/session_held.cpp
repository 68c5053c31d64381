// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Calls of the other side that wait for their turn: because calls are served one after the other, or because more are
// not to run at once and none is to be refused. What is not served, an answer or a cancellation, waits for nothing.

#include <parley/core/timer.hpp>
#include <parley/core/unique_fd.hpp>

#include "rpc/session.hpp"

#include <boost/asio/post.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace parley::rpc::detail {

// Whether it waits while others do: a function of the router is called for it, or it is answered in order.
bool session::takes_turns(const incoming_item& item) const noexcept {
    using kind = incoming_item::kind;
    switch (item.what) {
        case kind::call:
        case kind::notification:
            return true;
        case kind::bad:
            return wire_->ordered();
        case kind::part: {
            if (!item.has_number || calls_ == nullptr) return false;
            const auto* const call = calls_->find(item.number);
            return call == nullptr || !call->wants_parts;
        }
        default:
            return false;
    }
}

bool session::is_full() noexcept {
    if (counted_.running >= options_.calls_running) return true;
    if (options_.calls_per_second <= 0) return false;
    refill();
    return allowance_ < 1;
}

bool session::may_wait() const noexcept {
    return options_.when_full == full_queue::wait && options_.calls_running != 0 && !shutting_down_;
}

// What cannot run now waits, where it is not to be refused.
bool session::has_to_wait() noexcept {
    if (wire_->ordered() && !running_.empty()) return true;
    return may_wait() && is_full();
}

// Where there is no room for a message that waits its calls are refused. Without calls of this side reading stops
// before; so it does for calls that are answered in order.
bool session::has_room_for(std::string_view message) const noexcept {
    return wire_->ordered() || held_.size() < most_held || held_.bytes() + message.size() <= options_.unsent_bytes;
}

// What waits is kept until it is its turn; all else is processed at once.
void session::process_or_hold(const incoming& all, std::string_view message, const std::shared_ptr<batch>& together) {
    held_message* held = nullptr;
    const bool room = has_room_for(message);
    for (std::size_t place = 0; place != all.items.size(); ++place) {
        const auto& item = all.items[place];
        if (!takes_turns(item) || (held_.empty() && !has_to_wait())) {
            process(item, together);
        } else if (!room) {
            refuse(item, together, fault(fault_code::busy, "too many calls wait for their turn"));
        } else {
            if (held == nullptr) held = &held_.add(message, together, all.items.size() - place);
            held_.add_call(*held, item, place);
        }
        if (!open_ || !connected_) return;  // what was held is gone, too
    }
    if (held != nullptr) held_.filled(*held);
}

void session::take_held() {
    while (!held_.empty() && open_ && connected_ && !has_to_wait()) process_held();
    if (!held_.empty()) await_allowance();
    if (shutting_down_ || other_ended_) idle_.cancel();
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
        self->resume();
    });
}

// Those of the first message whose turn it is.
void session::process_held() {
    auto held = held_.take();
    const auto put_back = [&] {
        processing_ = false;
        if (!open_ || !connected_) return;
        if (held->left != 0)
            held_.put_back(std::move(held));
        else
            taken_.shrink();
    };
    processing_ = true;
    try {
        if (!std::exchange(held->is_read, true)) {
            wire_->read(held->text, taken_);
            if (wire_->ordered()) count_noise(taken_);
        }
        do {
            const auto* const call = held->take_next();
            if (call == nullptr) break;
            process_in_turn(taken_.items[call->place], *call, held->together);
        } while (open_ && connected_ && !has_to_wait());
        if (wire_->ordered()) end_after_noise();
    } catch (...) {
        put_back();
        throw;
    }
    put_back();
}

void session::process_in_turn(const incoming_item& item, const held_call& call,
                              const std::shared_ptr<batch>& together) {
    if (item.what == incoming_item::kind::bad) return invalid(item, together);
    if (call.deadline && *call.deadline <= std::chrono::steady_clock::now())
        return refuse(item, together, fault(fault_code::request_cancelled, "the deadline passed before its turn"));
    serve(item, together, call.deadline);
}

// False where no call with this id waits.
bool session::cancel_held(const call_id& id) {
    auto* const call = held_.find(id);
    if (call == nullptr) return false;
    served_call::details d;
    d.id = call->id;
    d.together = call->in->together;
    held_.remove(*call);
    if (!wire_->answers_cancelled()) {
        leave_unanswered(d);
        return true;
    }
    ++counted_.faults;
    auto& text = scratch();
    wire_->write_fault(text, d.id, fault(fault_code::request_cancelled, "the call was cancelled"));
    answer(d, text);
    return true;
}

// Where a rate is what they wait for, time brings their turn.
void session::await_allowance() {
    if (allowed_ || !may_wait() || options_.calls_per_second <= 0) return;
    if (counted_.running >= options_.calls_running || (wire_->ordered() && !running_.empty())) return;
    refill();
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

// While several messages wait nothing is read that would tell the end. Of a socket that is closed as a whole the kernel
// tells it.
void session::watch_for_hang_up() {
    if (hang_up_ || held_.empty() || channel_.native_handle() < 0) return;
    auto fd = unique_fd::duplicate(channel_.native_handle());
    if (!fd) return;
    hang_up_ = std::make_unique<asio::posix::stream_descriptor>(executor_);
    error_code ec;
    hang_up_->assign(fd->get(), ec);
    if (ec) return hang_up_.reset();
    (void)fd->release();
    hang_up_->async_wait(asio::posix::descriptor_base::wait_error,
                         [weak = weak_from_this(), link = link_](error_code cancelled) {
                             const auto self = weak.lock();
                             if (cancelled || !self || link != self->link_) return;
                             self->hang_up_.reset();
                             if (self->is_parked_ && !self->held_.empty() && self->channel_.other_side_is_gone())
                                 self->lost(self->channel_.failure());
                         });
}

}  // namespace parley::rpc::detail
