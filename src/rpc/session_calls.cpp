// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The half of a session that calls.

#include <parley/core/timer.hpp>

#include "rpc/session.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/system_executor.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace parley::rpc::detail {

using namespace std::chrono_literals;

struct call_record::timer : asio::steady_timer {
    using asio::steady_timer::steady_timer;
};

call_record::call_record() = default;
call_record::~call_record() = default;
waiting_call::~waiting_call() = default;
bool waiting_call::add_part(element, bool) { return true; }

call_error invalid_reply(const std::string& method, const decode_error& why) {
    return call_error(make_error_code(errc::invalid_reply), method, why.message("result"));
}

namespace {

// "2 s", "250 ms"
std::string limit_text(std::chrono::steady_clock::duration limit) {
    using namespace std::chrono;
    if (limit % 1s == limit.zero()) return std::to_string(duration_cast<seconds>(limit).count()) + " s";
    if (limit % 1ms == limit.zero()) return std::to_string(duration_cast<milliseconds>(limit).count()) + " ms";
    return std::to_string(duration_cast<microseconds>(limit).count()) + " us";
}

// Not from within what the caller called.
void fail_later(const executor& io, std::unique_ptr<waiting_call> call, const call_error& why) {
    asio::post(io, [call = std::move(call), why] { call->fail(why); });
}

}  // namespace

std::uint32_t session::start_call(std::unique_ptr<waiting_call> call, std::string_view method,
                                  const outgoing_arguments& arguments, const call_options& options) {
    const auto refuse = [&](std::unique_ptr<waiting_call> refused, error_code why, const std::string& text = {}) {
        fail_later(get_executor(), std::move(refused), call_error(why, std::string(method), text));
        return std::uint32_t{0};
    };
    // Without an executor of its own a handler runs where the connection does.
    const auto own = call->get_executor();
    call->at_home = own == get_executor() || own.target<asio::system_executor>() != nullptr;
    if (!open_ || has_ended_ || other_ended_) return refuse(std::move(call), errc::disconnected, how_it_ended({}));
    if (calls_ == nullptr) return 0;  // the context is being destroyed
    if (calls_->size() >= options_.calls_waiting) return refuse(std::move(call), errc::too_many_calls);
    call->method = method;
    call->idempotent = options.idempotent;
    const bool wants_parts = call->wants_parts;
    const auto id = calls_->add(std::move(call), next_id_, wire_->ordered()).id;
    ++counted_.calls;

    const auto limit = options.deadline.count() != 0 ? options.deadline : options_.deadline;
    auto& text = scratch();
    auto& to = wire_->begin_call(text, id,
                                 {.method = method,
                                  .has_params = arguments.any,
                                  .by_name = arguments.by_name,
                                  .wants_parts = wants_parts,
                                  .deadline = std::chrono::ceil<std::chrono::milliseconds>(limit)});
    if (arguments.any) encode_value(to, arguments);
    wire_->end_call();
    if (to.failed()) return refuse(calls_->withdraw(id), errc::not_carried, to.problem());
    if (text.size() > options_.message_bytes)
        return refuse(calls_->withdraw(id), parley::errc::limit_exceeded,
                      "a call of " + std::to_string(text.size()) + " bytes");

    auto& added = *calls_->find(id);
    if (auto slot = added.slot(); slot.is_connected()) {
        slot.assign([weak = weak_from_this(), id](asio::cancellation_type type) {
            if (type == asio::cancellation_type::none) return;
            if (const auto self = weak.lock()) self->give_up(id, asio::error::operation_aborted, true);
        });
    }
    if (limit.count() != 0) {
        added.deadline = std::make_unique<call_record::timer>(get_executor(), parley::detail::time_after(limit));
        added.deadline->async_wait([weak = weak_from_this(), id, limit](error_code ec) {
            if (ec) return;
            if (const auto self = weak.lock())
                self->give_up(id, asio::error::timed_out, false, "no answer within " + limit_text(limit));
        });
    }
    // Until there is a connection again it waits: it was never sent, so it is not sent twice.
    if (added.idempotent || !connected_) added.request = text;
    if (connected_) {
        added.sent = true;
        send(text);
        if (!processing_) resume();
    }
    return id;
}

void session::end_stream(std::uint32_t id) { give_up(id, asio::error::operation_aborted, true); }

// The call ends here; the other side is told where it can be.
void session::give_up(std::uint32_t id, error_code why, bool later, const std::string& text) {
    if (calls_ == nullptr) return;
    auto call = calls_->take(id);
    if (!call) return;
    has_room(*call);
    if (open_ && connected_ && call->sent) {
        auto& message = scratch();
        if (wire_->write_cancel(message, id)) send(message);
    }
    const call_error failure(why, call->method, text);
    if (later)
        fail_later(get_executor(), std::move(call), failure);
    else
        call->fail(failure);
}

// Those that were sent, and may not be sent twice; or all of them.
void session::abort_calls(bool idempotent_too) {
    if (calls_ == nullptr) return;
    const error_code why = errc::disconnected;
    for (auto& call :
         calls_->take_if([&](const waiting_call& c) { return idempotent_too || (c.sent && !c.idempotent); })) {
        has_room(*call);
        const call_error failure(why, call->method, how_it_ended(" before the answer came"));
        fail_later(get_executor(), std::move(call), failure);
    }
}

// Whether a call of this side had this id, as far back as ids are told apart.
bool session::was_issued(std::uint32_t id) const noexcept {
    const std::uint32_t back = next_id_ - id;
    return id != 0 && back != 0 && back <= counted_.calls;
}

// The call that an answer ends; null, and counted, where no call waits for it.
std::unique_ptr<waiting_call> session::take_answered(const incoming_item& item) {
    const std::uint32_t id = item.has_number ? item.number : calls_->due();
    if (!item.has_number && !item.continues) calls_->answered_in_order();
    auto call = calls_->take(id);
    if (call) {
        ++counted_.answers;
        call->deadline.reset();
        has_room(*call);
    } else {
        ++(was_issued(id) ? counted_.late_answers : counted_.unknown_answers);
    }
    return call;
}

void session::answered(const incoming_item& item) {
    const auto call = take_answered(item);
    if (!call) return;
    if (item.what == incoming_item::kind::fault)
        call->fail(call_error(wire_->read_fault(item), call->method));
    else
        call->complete(item.value, wire_->wraps_results());
}

// False where no call of ours wants it.
bool session::add_part(const incoming_item& item) {
    auto* const call = calls_->find(item.has_number ? item.number : calls_->due());
    if (call == nullptr || !call->wants_parts) return !item.has_number;
    if (!call->add_part(item.value, wire_->wraps_results()) && !std::exchange(call->is_full, true)) ++full_streams_;
    return true;
}

void session::read_more(std::uint32_t id) {
    auto* const call = calls_ == nullptr ? nullptr : calls_->find(id);
    if (call != nullptr) has_room(*call);
}

// A call whose stream was full keeps nothing from being read any more.
void session::has_room(call_record& call) {
    if (!std::exchange(call.is_full, false)) return;
    --full_streams_;
    resume();
}

// --- notifications

bool session::write_notification(std::string_view method, const outgoing_arguments& arguments) {
    auto& text = scratch();
    auto& to =
        wire_->begin_notification(text, {.method = method, .has_params = arguments.any, .by_name = arguments.by_name});
    if (arguments.any) encode_value(to, arguments);
    wire_->end_call();
    return !to.failed();
}

void session::start_notify(std::string_view method, const outgoing_arguments& arguments, done_handler handler) {
    const auto done = [&](error_code ec) { post_completion(get_executor(), std::move(handler), ec); };
    if (!open_ || has_ended_) return done(errc::disconnected);
    if (!connected_) return done(asio::error::not_connected);
    if (!write_notification(method, arguments)) return done(errc::not_carried);
    if (scratch_.size() > options_.message_bytes) return done(parley::errc::limit_exceeded);
    ++counted_.notifications;
    send_part(scratch_, std::move(handler));
}

bool session::try_notify(std::string_view method, const outgoing_arguments& arguments) {
    if (!open_ || !connected_ || unsent_bytes_ != 0 || !write_notification(method, arguments)) return false;
    if (!channel_.try_send(scratch_)) return false;
    ++counted_.notifications;
    return true;
}

}  // namespace parley::rpc::detail
