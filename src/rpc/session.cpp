// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A session's life: reading, sending, and its end. Calling and serving are in files of their own.

#include <parley/core/timer.hpp>

#include "rpc/session.hpp"
#include "rpc/session_pump.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace parley::rpc::detail {
namespace {

constexpr int most_messages_a_turn = 64;
constexpr std::size_t largest_scratch = std::size_t{1} << 20;
constexpr std::size_t times_unsent = 16;  // `unsent_bytes`, when reading cannot stop

}  // namespace

session::session(any_channel channel, router calls, const connection_options& options)
    : executor_(channel.get_executor()),
      channel_(std::move(channel)),
      wire_(options.protocol.make_wire()),
      router_(std::move(calls)),
      options_(options),
      calls_at_home_(std::make_unique<waiting_calls>(&calls_)),
      parked_(executor_, asio::steady_timer::time_point::max()),
      end_(executor_),
      idle_(executor_, asio::steady_timer::time_point::max()) {
    counted_.connections = 1;
    incoming_.most_items = options_.batch_calls;
}

session::~session() = default;

void session::start() { next(); }

connection_counters session::counters() const noexcept {
    auto now = counted_;
    now.waiting = calls_ == nullptr ? 0 : calls_->size();
    return now;
}

// --- reading

void session::received(error_code ec, std::optional<std::string_view> message) {
    const auto self = shared_from_this();
    if (!open_) return;
    if (!connected_) return begin_reconnect();
    if (ec) {
        const auto& why = channel_.failure();
        return lost(why.code() ? why : error(ec, "receive"));
    }
    if (!message) return other_side_ended();
    processing_ = true;
    try {
        for (int n = 1;; ++n) {
            process(*message);
            if (!open_ || !connected_ || !may_read() || n == most_messages_a_turn) break;
            message = channel_.try_receive();
            if (!message) break;
        }
    } catch (...) {  // of a handler of the program's own: as in Asio, it leaves the loop's run
        processing_ = false;
        go_on();
        throw;
    }
    processing_ = false;
    go_on();
}

void session::go_on() {
    if (!open_ || calls_ == nullptr) return;
    while (held_ && running_.empty() && open_ && connected_) process_held();
    if (!open_) return;
    if (!connected_) return begin_reconnect();
    next();
}

// The call that came while the one before was served, where they are served in their order.
void session::process_held() {
    const auto message = *std::exchange(held_, std::nullopt);
    processing_ = true;
    try {
        process(message);
    } catch (...) {
        processing_ = false;
        go_on();
        throw;
    }
    processing_ = false;
}

// Receives, or waits until there is a reason to.
void session::next() {
    if (may_read()) return channel_.async_receive(pump{shared_from_this(), std::move(calls_at_home_)});
    is_parked_ = true;
    parked_.async_wait(pump{shared_from_this(), std::move(calls_at_home_)});
}

bool session::may_read() const noexcept {
    if (stream_is_full_) return false;
    if (held_) return false;
    return unsent_bytes_ <= options_.unsent_bytes || (calls_ != nullptr && calls_->size() != 0);
}

void session::resume() {
    if (is_parked_ && (may_read() || (held_ && running_.empty()))) parked_.cancel();
}

void session::read_more() {
    stream_is_full_ = false;
    resume();
}

void session::process(std::string_view message) {
    // One is read ahead, no more, so that the end is seen, too.
    if (wire_->ordered() && !running_.empty()) {
        held_ = std::string(message);
        return;
    }
    wire_->read(message, incoming_);
    count_noise();
    if (incoming_.batch) {
        process_batch();
    } else {
        for (const auto& item : incoming_.items) {
            process(item, nullptr);
            if (!open_ || !connected_) break;
        }
    }
    end_after_noise();
    incoming_.shrink();
}

void session::process_batch() {
    const auto together = std::make_shared<batch>();
    for (const auto& item : incoming_.items) {
        if (!is_answered(item)) continue;
        ++together->unanswered;
        together->reserved += batch::room_for_fault + item.id.literal.size();
    }
    if (together->reserved > options_.message_bytes) {
        incoming_.items.clear();
        auto& all = incoming_.add_bad(fault_code::invalid_request, "a batch whose answers would be too large");
        all.over_limit = true;
        return process(all, nullptr);
    }
    for (const auto& item : incoming_.items) {
        process(item, together);
        if (!open_ || !connected_) return;
    }
}

void session::process(const incoming_item& item, const std::shared_ptr<batch>& together) {
    using kind = incoming_item::kind;
    switch (item.what) {
        case kind::call:
        case kind::notification:
            return serve(item, together);
        case kind::result:
        case kind::fault:
            return answered(item);
        case kind::part:
            if (!add_part(item)) serve(item, together);
            return;
        case kind::cancel:
            return cancel_served(item.id);
        case kind::broken:
            ++counted_.invalid_messages;
            return end_broken(item);
        case kind::bad:
            return invalid(item, together);
    }
}

// --- sending

std::string& session::scratch() {
    if (scratch_.capacity() > largest_scratch) std::string().swap(scratch_);
    scratch_.clear();
    return scratch_;
}

void session::send(std::string_view text) {
    if (unsent_bytes_ == 0 && channel_.try_send(text)) return;
    auto kept = std::make_unique<std::string>(text);
    const std::string_view view = *kept;
    unsent_bytes_ += view.size();
    if (unsent_bytes_ > times_unsent * options_.unsent_bytes)
        return lost(error(parley::errc::limit_exceeded,
                          "the other side does not read: " + std::to_string(unsent_bytes_) + " bytes wait to be sent"));
    channel_.async_send(view, [self = shared_from_this(), kept = std::move(kept), link = link_](error_code ec) {
        if (link != self->link_) return;
        self->unsent_bytes_ -= kept->size();
        if (ec && self->other_ended_) return self->finish({});
        // The receive that is under way learns of the end, too, and first of what came before.
        if (!ec) self->resume();
    });
}

// --- the end

void session::close() noexcept { finish(asio::error::operation_aborted); }

void session::finish(error_code why) {
    if (!open_) return;
    open_ = false;
    end_code_ = why;
    redial_cancel_.emit(asio::cancellation_type::terminal);
    channel_.close();
    abort_calls(true);
    cancel_handlers();
    end_.set();
    parked_.cancel();
    idle_.cancel();
}

void session::other_side_ended() {
    const bool answers_wait = !running_.empty() || channel_.counters().queued_messages != 0;
    if (redial_ || !answers_wait || options_.last_answers.count() == 0 || channel_.other_side_is_gone())
        return lost({});
    other_ended_ = shutting_down_ = true;
    abort_calls(true);
    asio::co_spawn(executor_, give_last_answers(), [](const std::exception_ptr&) {});
}

task<void> session::give_last_answers() {
    const auto self = shared_from_this();
    asio::steady_timer limit(executor_, parley::detail::time_after(options_.last_answers));
    limit.async_wait([weak = weak_from_this()](error_code ec) {
        const auto late = weak.lock();
        if (!ec && late) late->finish({});
    });
    error_code ignored;
    while (open_ && !running_.empty()) co_await idle_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (open_) co_await channel_.async_shutdown(asio::redirect_error(asio::use_awaitable, ignored));
    finish({});
}

// Nobody is left to answer.
void session::cancel_handlers() {
    const auto self = weak_from_this().lock();  // null in the destructor: then there are none
    for (auto& call : running_) {
        call.cancelled = true;
        call.answered = true;
        asio::post(get_executor(), [self, &call] {
            for (auto& still : self->running_)
                if (&still == &call) return still.give_up();
        });
    }
}

void session::start_wait(done_handler handler) {
    end_.async_wait(std::move(handler), [self = shared_from_this()](auto h, error_code ec) {
        if (!ec) ec = self->end_code_;
        std::move(h)(ec);
    });
}

void session::start_end(done_handler handler) {
    if (!open_ || !connected_)
        return post_completion(get_executor(), std::move(handler), error_code(asio::error::bad_descriptor));
    has_ended_ = true;
    channel_.async_end(std::move(handler));
}

task<void> session::shut_down() {
    const auto self = shared_from_this();
    shutting_down_ = true;
    error_code ec;
    try {
        while (open_ && !running_.empty()) {
            error_code ignored;
            co_await idle_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            const auto state = co_await asio::this_coro::cancellation_state;
            if (state.cancelled() != asio::cancellation_type::none)
                throw boost::system::system_error(asio::error::operation_aborted);
        }
        if (open_ && connected_) co_await channel_.async_shutdown(asio::redirect_error(asio::use_awaitable, ec));
    } catch (...) {
        close();
        throw;
    }
    finish({});
    if (ec) throw boost::system::system_error(ec);
}

}  // namespace parley::rpc::detail
