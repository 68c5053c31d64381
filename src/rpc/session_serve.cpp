// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The half of a session that serves calls.

#include <parley/core/timer.hpp>

#include "rpc/method_table.hpp"
#include "rpc/session.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <utility>

namespace parley::rpc::detail {

// --- a call that is served

served_call::served_call(std::unique_ptr<details> d) noexcept : details_(std::move(d)) {}

served_call::~served_call() {
    if (details_ && details_->runs) details_->owner->handler_ended(*details_);
}

bool served_call::names_come_in_a_map() const noexcept { return details_->owner->protocol().names_come_in_a_map(); }

std::shared_ptr<served_call> served_call::keep() {
    auto& d = *details_;
    d.method = method_;
    auto kept = std::make_shared<served_call>(std::move(details_));
    kept->method_ = d.method;
    d.runs = true;
    d.owner->handler_began(d);
    if (d.deadline) {
        d.limit = std::make_unique<asio::steady_timer>(d.owner->get_executor(), *d.deadline);
        d.limit->async_wait([weak = std::weak_ptr<served_call>(kept)](error_code ec) {
            const auto late = ec ? nullptr : weak.lock();
            if (late) late->details_->give_up();
        });
    }
    return kept;
}

void served_call::run(const std::shared_ptr<served_call>& self, task<void> body) {
    asio::co_spawn(self->details_->owner->get_executor(), std::move(body),
                   asio::bind_cancellation_slot(self->details_->cancel.slot(), [self](std::exception_ptr failure) {
                       if (failure) self->failed(failure);
                   }));
}

void served_call::reply(const value_writer& result) {
    auto& d = *details_;
    if (d.answered || d.is_notification) return;
    auto& owner = *d.owner;
    auto& text = owner.scratch();
    auto& to = owner.protocol().begin_result(text, d.id);
    encode_value(to, result);
    owner.protocol().end_result();
    if (to.failed())
        return fault(rpc::fault(fault_code::internal_error, {}, "the result cannot be sent: " + to.problem()));
    if (text.size() > owner.options().message_bytes)
        return fault(
            rpc::fault(fault_code::internal_error, {},
                       "the result has " + std::to_string(text.size()) + " bytes, which is more than the limit"));
    d.answered = true;
    owner.answer(d, text);
}

void served_call::reply_nothing() { reply(value_writer::of(nullptr)); }

void served_call::reply_error(const error& e) { fault(rpc::fault(e.code().value(), e.message())); }

void served_call::refuse(const decode_error& why) {
    fault(rpc::fault(fault_code::invalid_params, {}, why.message("params")));
}

void served_call::fault(const rpc::fault& f) {
    auto& d = *details_;
    if (d.answered || d.is_notification) return;
    d.answered = true;
    auto& text = d.owner->scratch();
    d.owner->protocol().write_fault(text, d.id, f);
    d.owner->count_fault();
    d.owner->answer(d, text);
}

// What a function has thrown.
void served_call::failed(const std::exception_ptr& why) {
    if (!details_) return;
    try {
        std::rethrow_exception(why);
    } catch (const rpc::fault& f) {
        fault(f);
    } catch (const boost::system::system_error& e) {
        if (details_->cancelled && e.code() == asio::error::operation_aborted)
            fault(rpc::fault(fault_code::request_cancelled, "the call was cancelled"));
        else
            fault(rpc::fault(fault_code::internal_error, {}, e.what()));
    } catch (const std::exception& e) {
        fault(rpc::fault(fault_code::internal_error, {}, e.what()));
    } catch (...) {
        fault(rpc::fault(fault_code::internal_error, {}, "an exception of an unknown type"));
    }
}

// --- the session

void session::serve(const incoming_item& item, const std::shared_ptr<batch>& together,
                    std::optional<std::chrono::steady_clock::time_point> deadline) {
    const bool is_call = item.what == incoming_item::kind::call;
    if (!is_call) ++counted_.notified;
    if (shutting_down_ && is_call)
        return refuse(item, together, fault(fault_code::busy, "the server is shutting down"));
    if (counted_.running >= options_.calls_running)
        return refuse(item, together, fault(fault_code::busy, "too many calls at once", options_.calls_running));
    if (!within_rate())
        return refuse(item, together, fault(fault_code::busy, "too many calls in a second", options_.calls_per_second));
    const auto function = router_.table_->find(item.method);
    if (!function) {
        if (!is_call)
            ++counted_.not_handled;
        else
            refuse(item, together, fault(fault_code::method_not_found, {}, item.method));
        return;
    }
    auto d = spare_ ? std::move(spare_) : std::make_unique<served_call::details>();
    d->owner = shared_from_this();
    d->id = item.id;
    d->token = item.token;
    d->together = together;
    d->is_notification = !is_call;
    d->wants_parts = item.wants_parts;
    d->answered = false;
    d->deadline = deadline;
    served_call call(std::move(d));
    call.params_ = item.params;
    call.has_params_ = item.has_params;
    call.method_ = item.method;
    try {
        function->call(call, function);
    } catch (...) {
        call.failed(std::current_exception());
    }
    if (!call.details_) return;  // a coroutine has it now
    spare_ = std::move(call.details_);
    spare_->owner.reset();
    spare_->together.reset();
}

void session::refuse(const incoming_item& item, const std::shared_ptr<batch>& together, const fault& why) {
    if (why.number() == fault_code::busy) ++counted_.refused;
    if (item.what != incoming_item::kind::call) return;  // nobody waits for an answer to a notification
    ++counted_.faults;
    auto& text = scratch();
    wire_->write_fault(text, item.id, why);
    served_call::details d;
    d.together = together;
    d.id = item.id;
    answer(d, text);
}

void session::answer(const served_call::details& call, std::string_view text) {
    ++counted_.served;
    if (!open_ || !connected_) return;
    std::string too_large;
    const auto shorten = [&](const char* why) {
        wire_->write_fault(too_large, call.id, fault(fault_code::internal_error, {}, why));
        text = too_large;
    };
    if (!call.together) {
        if (text.size() > options_.message_bytes) shorten("the answer is too large");
        return send(text);
    }
    auto& all = *call.together;
    const auto own = batch::room_for(call.id);
    all.reserved -= own;
    const auto with_it = text.size() + 1;
    if (with_it > own && all.answers.size() + with_it + all.reserved > options_.message_bytes)
        shorten("the answers to this batch are too large");
    else if (with_it > own && all.unanswered > 1 && is_beyond(batched_bytes_ + with_it, times_unsent / 2))
        shorten("the answers to unfinished batches are too large");
    all.answers += all.answers.empty() ? '[' : ',';
    all.answers += text;
    batched_bytes_ += text.size() + 1;
    answer_batch(all);
    if (is_beyond(batched_bytes_, times_unsent))
        lost(error(parley::errc::limit_exceeded,
                   "the answers to unfinished batches have " + std::to_string(batched_bytes_) + " bytes"));
}

// One of its calls has ended.
void session::answer_batch(batch& all) {
    if (--all.unanswered != 0 || all.answers.empty()) return;
    batched_bytes_ -= all.answers.size();
    all.answers += ']';
    send(all.answers);
}

void session::leave_unanswered(served_call::details& call) {
    if (call.answered || call.is_notification) return;
    call.answered = true;
    if (!call.together || !open_ || !connected_) return;
    call.together->reserved -= batch::room_for(call.id);
    answer_batch(*call.together);
}

void session::send_part(std::string_view text, done_handler handler) {
    if (!open_) return post_completion(get_executor(), std::move(handler), make_error_code(errc::disconnected));
    if (unsent_bytes_ == 0 && channel_.try_send(text))
        return post_completion(get_executor(), std::move(handler), error_code());
    auto kept = std::make_unique<std::string>(text);
    const std::string_view view = *kept;
    channel_.async_send(
        view, parley::detail::map_handler(std::move(handler),
                                          [kept = std::move(kept)](auto h, error_code ec) { std::move(h)(ec); }));
}

void session::handler_began(served_call::details& call) {
    running_.push_back(call);
    if (!call.is_notification) running_calls_.insert(call);
    ++counted_.running;
}

void session::handler_ended(served_call::details& call) noexcept {
    call.served_hook::unlink();
    call.served_id_hook::unlink();
    --counted_.running;
    if (shutting_down_ || other_ended_) idle_.cancel();
    resume();
}

void session::cancel_served(const call_id& id) {
    // Among those with the same id, one that was cancelled may end later, and one of a connection that was lost.
    auto it = running_calls_.lower_bound(id);
    while (it != running_calls_.end() && it->id == id && (it->cancelled || it->answered)) ++it;
    if (it == running_calls_.end() || it->id != id) {
        cancel_held(id);
        return;
    }
    auto& call = *it;
    if (!wire_->answers_cancelled()) leave_unanswered(call);
    call.give_up();
}

// A bucket that fills by so many a second and holds as many.
void session::refill() noexcept {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> since = now - allowed_at_;
    allowance_ =
        std::min(allowance_ + since.count() * options_.calls_per_second, std::max(1.0, options_.calls_per_second));
    allowed_at_ = now;
}

bool session::within_rate() {
    if (options_.calls_per_second <= 0) return true;
    refill();
    if (allowance_ < 1) return false;
    allowance_ -= 1;
    return true;
}

}  // namespace parley::rpc::detail

namespace parley::rpc {

rpc::peer context::peer() const noexcept { return rpc::peer(call_.details_->owner); }
std::string_view context::method() const noexcept { return call_.method_; }
bool context::is_notification() const noexcept { return call_.details_->is_notification; }
bool context::wants_parts() const noexcept { return call_.details_->wants_parts; }
bool context::cancelled() const noexcept { return call_.details_->cancelled; }
std::optional<std::chrono::steady_clock::time_point> context::deadline() const noexcept {
    return call_.details_->deadline;
}

void context::start_send_part(const detail::value_writer& part, completion_handler<void(error_code)> handler) {
    auto& d = *call_.details_;
    auto& owner = *d.owner;
    const auto done = [&](error_code ec) { post_completion(owner.get_executor(), std::move(handler), ec); };
    if (!d.wants_parts) return done({});
    if (d.answered) return done(asio::error::operation_aborted);  // the connection of this call is gone
    auto& text = owner.scratch();
    auto* const to = owner.protocol().begin_part(text, d.id, d.token);
    if (to == nullptr) return done(errc::not_carried);
    detail::encode_value(*to, part);
    owner.protocol().end_part();
    if (to->failed()) return done(errc::not_carried);
    if (text.size() > owner.options().message_bytes) return done(parley::errc::limit_exceeded);
    owner.send_part(text, std::move(handler));
}

}  // namespace parley::rpc
