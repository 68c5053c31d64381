// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A channel that is to be flushed, ended or shut down.

#include <parley/core/timer.hpp>

#include "core/operation.hpp"
#include "core/syscall_net.hpp"
#include "message/channel_state.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace parley::detail {
namespace {

constexpr auto patience = std::chrono::seconds(2);  // for the other side to take everything and to close

}  // namespace

void channel_state::start_flush(done_handler handler) {
    if (!open_ || cannot_write_) return post_completion(get_executor(), std::move(handler), why_not());
    if (nothing_queued()) return post_completion(get_executor(), std::move(handler), error_code());
    const auto id = next_id_++;
    on_cancellation(handler, id);
    sends().flushes.push_back({id, outbox_->queue.end_of_bytes(), std::move(handler)});
    flush();
}

void channel_state::start_end(bool close, done_handler handler) {
    if (!open_ || lingers()) return post_completion(get_executor(), std::move(handler), why_not());
    if (cannot_write_) {
        const auto ec = why_not();
        if (close) this->close();
        return post_completion(get_executor(), std::move(handler), ec);
    }
    ends_ = true;
    const auto id = next_id_++;
    on_cancellation(handler, id);
    sends().ends.push_back({id, close, std::move(handler)});
    if (close && ended_ && writing_) start_linger();  // the end was told already; the answer is not waited for for ever
    flush();
}

void channel_state::flushed() {
    auto& waiting = sends_->flushes;
    while (!waiting.empty() && (nothing_queued() || waiting.front().position <= outbox_->queue.bytes_gone())) {
        post_completion(get_executor(), std::move(waiting.front().handler), error_code());
        waiting.pop_front();
    }
}

// All is written: tells the other side, once, and then those who wait for it.
void channel_state::ended_sending() {
    if (!nothing_queued() || somebody_waits() || sends_ == nullptr || lingers()) return;
    if (!std::exchange(ended_, true)) {
        if (kind_ != kind::other) {
            sys::end_sending(fd_);  // an error here says that there is nobody to be told
        } else if (wire_->tells_end()) {
            writing_ = true;
            const bool closes = sends_->ends.any_of([](const pending_end& e) { return e.close; });
            wire_->end({shared_from_this(), std::move(sends_at_home_)});
            if (closes) start_linger();
            return;
        } else {
            wire_->close_sending();
        }
    }
    auto& ends = sends_->ends;
    std::vector<const pending_end*> told;
    ends.for_each([&](pending_end& waiter) {
        if (waiter.close) return;
        post_completion(get_executor(), std::move(waiter.handler), error_code());
        told.push_back(&waiter);
    });
    for (const auto* const waiter : told) ends.erase(waiter);
    if (ends.empty()) return;
    if (kind_ == kind::stream)
        drain();
    else
        finish_shutdown();
}

void channel_state::start_linger() {
    auto& timer = at_the_end().linger;
    timer = std::make_unique<asio::steady_timer>(get_executor(), detail::time_after(patience));
    timer->async_wait([self = shared_from_this(), waiting = std::move(sends_at_home_)](error_code) mutable {
        if (waiting) self->sends_at_home_ = std::move(waiting);
        if (self->open_) self->finish_shutdown();
    });
}

// Closing with bytes unread would destroy what is under way to the other side: whatever comes is read until it has
// closed, too. RFC 1122, 4.2.2.13.
void channel_state::drain() {
    start_linger();
    abort_receive();
    stop_waiting_for_room();
    draining_ = true;
    if (inbox_) inbox_->parsed = inbox_->bytes.size();
    more_ = false;
    next = end = nullptr;
    if (at_end_ || broken_)
        ending_->linger->cancel();
    else if (!reading_ && receive_at_home_)  // otherwise `deliver` has it, and reads on
        begin_read(std::move(receive_at_home_));
}

void channel_state::finish_shutdown() {
    std::exchange(sends_->ends, {}).for_each([&](pending_end& waiter) {
        post_completion(get_executor(), std::move(waiter.handler), error_code());
    });
    close();
}

}  // namespace parley::detail
