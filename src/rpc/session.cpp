// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A session's life: reading, sending, and its end. Calling and serving are in files of their own.

#include <parley/core/timer.hpp>

#include "rpc/session.hpp"
#include "rpc/session_pump.hpp"
#include "rpc/steps.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace parley::rpc::detail {
namespace {

constexpr int most_messages_a_turn = 64;
constexpr std::size_t largest_scratch = std::size_t{1} << 20;
constexpr std::chrono::steady_clock::duration longest_last_words = std::chrono::seconds(2);

}  // namespace

session::session(any_channel channel, router calls, const connection_options& options)
    : executor_(channel.get_executor()),
      channel_(std::move(channel)),
      wire_(options.protocol.make_wire()),
      router_(calls),
      options_(options),
      calls_at_home_(std::make_unique<waiting_calls>(&calls_)),
      parked_(executor_, asio::steady_timer::time_point::max()),
      end_(executor_),
      idle_(executor_, asio::steady_timer::time_point::max()) {
    counted_.connections = 1;
    incoming_.most_items = taken_.most_items = options_.batch_calls;
}

session::~session() = default;

void session::start() {
    watch_sending();
    next();
}

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
    if (ended_by_ == ended_by::shutdown) return abort_calls(true);  // what comes is thrown away
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
    try {
        take_held();
    } catch (...) {
        go_on();
        throw;
    }
    if (!open_) return;
    if (!connected_) return begin_reconnect();
    next();
}

// Receives, or waits until there is a reason to.
void session::next() {
    if (held_.empty()) hang_up_.reset();
    if (may_read()) return channel_.async_receive(pump{shared_from_this(), std::move(calls_at_home_)});
    watch_for_hang_up();
    is_parked_ = true;
    parked_.async_wait(pump{shared_from_this(), std::move(calls_at_home_)});
}

bool session::may_read() const noexcept {
    if (full_streams_ != 0) return false;
    const bool answers_wanted = calls_ != nullptr && calls_->size() != 0;
    if (held_.size() >= most_held) {
        // More of them are read where answers may lie behind; those that are answered in order cannot be refused then.
        if (!answers_wanted || (wire_->ordered() && held_.bytes() > options_.unsent_bytes)) return false;
    }
    return unsent_bytes_ + batched_bytes_ <= options_.unsent_bytes || answers_wanted;
}

void session::resume() {
    if (!open_ || !connected_) return;
    const bool takes = !held_.empty() && !has_to_wait();
    if (!held_.empty() && !takes) await_allowance();
    if (is_parked_) {
        if (takes || may_read()) parked_.cancel();
    } else if (takes && !processing_) {
        take_held_later();
    }
}

void session::process(std::string_view message) {
    message = wire_->trim(message);
    incoming_.most_awaited = calls_ == nullptr ? 0 : calls_->size();
    wire_->read(message, incoming_);
    // In an ordered protocol a bad message is answered, and counts, in its turn.
    const bool in_turn = wire_->ordered() && (!held_.empty() || has_to_wait());
    if (!in_turn) count_noise(incoming_);
    process_or_hold(incoming_, message, begin_batch(incoming_));
    if (!in_turn) end_after_noise();
    incoming_.shrink();
}

// Null where the messages are none of a batch. A batch whose answers would be too large is refused as a whole.
std::shared_ptr<batch> session::begin_batch(incoming& all) {
    if (!all.batch) return nullptr;
    auto together = std::make_shared<batch>();
    for (const auto& item : all.items) {
        if (!is_answered(item)) continue;
        ++together->unanswered;
        together->reserved += batch::room_for(item.id);
    }
    if (together->reserved <= options_.message_bytes) return together;
    std::erase_if(all.items, [](const incoming_item& item) { return !item.is_for_this_side(); });
    all.add_too_much("a batch whose answers would be too large", true, false, false);
    return nullptr;
}

void session::process(const incoming_item& item, const std::shared_ptr<batch>& together) {
    using kind = incoming_item::kind;
    std::optional<std::chrono::steady_clock::time_point> deadline;
    switch (item.what) {
        case kind::call:
        case kind::notification:
            if (item.deadline) deadline = parley::detail::time_after(*item.deadline);
            return serve(item, together, deadline);
        case kind::result:
        case kind::fault:
            return answered(item);
        case kind::part:
            if (!add_part(item)) serve(item, together, deadline);
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

// Whether it is more than so many times `unsent_bytes`, however large that is.
bool session::is_beyond(std::size_t bytes, std::size_t times) const noexcept {
    return bytes / times + (bytes % times != 0 ? 1 : 0) > options_.unsent_bytes;
}

void session::send(std::string_view text) {
    if (unsent_bytes_ == 0 && channel_.try_send(text)) return;
    auto kept = std::make_unique<std::string>(text);
    const std::string_view view = *kept;
    unsent_bytes_ += view.size();
    if (is_beyond(unsent_bytes_, times_unsent))
        return lost(error(parley::errc::limit_exceeded,
                          "the other side does not read: " + std::to_string(unsent_bytes_) + " bytes wait to be sent"));
    channel_.async_send(view, [self = shared_from_this(), kept = std::move(kept), link = link_](error_code ec) {
        if (link != self->link_) return;
        self->unsent_bytes_ -= kept->size();
        if (ec) return self->cannot_send(ec);
        self->resume();
    });
}

// A message that is queued may be lost later, when nothing is sent that would tell it.
void session::watch_sending() {
    channel_.on_write_failure([weak = weak_from_this(), link = link_] {
        const auto self = weak.lock();
        if (self && link == self->link_) self->cannot_send(self->channel_.failure().code());
    });
}

// The other side takes nothing more. A receive learns of its end, too, and first of what came before; where there is no
// end, what was read and what is written being two streams, it is heard for a little while.
void session::cannot_send(error_code ec) {
    if (!open_ || !connected_ || last_words_ || ended_by_ == ended_by::shutdown) return;
    if (!channel_.failure().code()) return lost(error(ec, "send"));  // it works, and has not taken this message
    if (other_ended_ || options_.last_answers.count() == 0) return lost(channel_.failure());
    last_words_ = std::make_unique<asio::steady_timer>(
        executor_, parley::detail::time_after(
                       std::min<std::chrono::steady_clock::duration>(options_.last_answers, longest_last_words)));
    last_words_->async_wait([weak = weak_from_this(), link = link_](error_code cancelled) {
        const auto self = weak.lock();
        if (!cancelled && self && link == self->link_) self->lost(self->channel_.failure());
    });
}

// --- the end

void session::close() noexcept { finish(asio::error::operation_aborted, ended_by::close); }

void session::finish(error_code why, ended_by who) {
    if (!open_) return;
    open_ = false;
    end_code_ = why;
    ended_by_ = who;
    redial_cancel_.emit(asio::cancellation_type::terminal);
    channel_.close();
    abort_calls(true);
    cancel_handlers();
    held_.clear();
    end_.set();
    parked_.cancel();
    idle_.cancel();
    allowed_.reset();
    hang_up_.reset();
    last_words_.reset();
}

// `when` it ended, as seen by a call: " before the answer came"; empty.
std::string session::how_it_ended(std::string_view when) const {
    const auto text = [&](std::string_view how) { return std::string(how).append(when); };
    if (failure_.code()) return text("the connection failed") + ": " + failure_.message();
    switch (ended_by_) {
        case ended_by::close:
            return text("this side closed the connection");
        case ended_by::shutdown:
            return text("this side shut the connection down");
        case ended_by::nobody:  // not yet: this side has said that nothing more comes, or the last answers are given
            if (has_ended_ && !other_ended_) return "this side has said that it makes no more calls";
            break;
        case ended_by::other_side:
            break;
    }
    return text("the other side ended the connection");
}

void session::other_side_ended() {
    // What could not be sent is the cause of this end, or was lost by it.
    if (channel_.failure().code()) return lost(channel_.failure());
    const bool answers_wait = !running_.empty() || !held_.empty() || channel_.counters().queued_messages != 0;
    if (redial_ || !answers_wait || options_.last_answers.count() == 0 || channel_.other_side_is_gone())
        return lost({});
    other_ended_ = true;
    abort_calls(true);
    asio::co_spawn(executor_, give_last_answers(shared_from_this()), [](const std::exception_ptr&) {});
    resume();
}

task<void> session::give_last_answers(std::shared_ptr<session> self) {
    asio::steady_timer limit(self->executor_);
    const auto restart = [&] {
        limit.expires_at(parley::detail::time_after(self->options_.last_answers));
        limit.async_wait([weak = self->weak_from_this()](error_code ec) {
            const auto late = weak.lock();
            if (!ec && late) late->finish({}, ended_by::other_side);
        });
    };
    restart();
    auto waiting = self->held_.calls();
    error_code ec;
    while (self->open_ && (!self->running_.empty() || !self->held_.empty())) {
        co_await self->idle_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
        if (std::exchange(waiting, self->held_.calls()) != self->held_.calls()) restart();  // it was the turn of some
    }
    if (!self->open_) co_return;
    co_await self->channel_.async_shutdown(asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return self->lost(self->channel_.failure());
    self->finish({}, ended_by::other_side);
}

// Nobody is left to answer.
void session::cancel_handlers() {
    for (auto& call : running_) {
        call.to_cancel = call.cancelled = true;
        call.answered = true;
    }
    if (!running_.empty()) cancel_next_handler(shared_from_this());
}

// Each in a turn of its own, not from within what has ended the connection. They lie before all others; one that was
// cancelled goes behind them, because it may go on for as long as it likes.
void session::cancel_next_handler(const std::shared_ptr<session>& self) {
    asio::post(self->executor_, [self] {
        ++steps;
        auto& all = self->running_;
        if (all.empty() || !all.front().to_cancel) return;
        auto& call = all.front();
        call.to_cancel = false;
        all.splice(all.end(), all, all.begin());
        if (all.front().to_cancel) cancel_next_handler(self);
        call.give_up();
    });
}

void session::start_wait(done_handler handler) {
    end_.async_wait(std::move(handler), [self = shared_from_this()](auto h, error_code ec) {
        if (!ec) ec = self->end_code_;
        std::move(h)(ec);
    });
}

void session::start_end(done_handler handler) {
    if (!open_) return post_completion(get_executor(), std::move(handler), make_error_code(errc::disconnected));
    if (!connected_) return post_completion(get_executor(), std::move(handler), error_code(asio::error::not_connected));
    has_ended_ = true;
    channel_.async_end(std::move(handler));
}

task<void> session::shut_down(std::shared_ptr<session> self) {
    auto& s = *self;
    s.shutting_down_ = true;
    error_code ec;
    try {
        for (;;) {
            if (!s.processing_ && s.open_ && s.connected_) s.take_held();  // they are told
            s.resume();  // those that come, too; and the end of the other side
            if (!s.open_ || (s.running_.empty() && s.held_.empty())) break;
            error_code ignored;
            co_await s.idle_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            const auto state = co_await asio::this_coro::cancellation_state;
            if (state.cancelled() != asio::cancellation_type::none)
                throw boost::system::system_error(asio::error::operation_aborted);
        }
        if (s.open_ && s.connected_) {
            s.ended_by_ = ended_by::shutdown;
            co_await s.channel_.async_shutdown(asio::redirect_error(asio::use_awaitable, ec));
            const auto state = co_await asio::this_coro::cancellation_state;
            if (ec == asio::error::operation_aborted && state.cancelled() != asio::cancellation_type::none)
                throw boost::system::system_error(asio::error::operation_aborted);
        }
    } catch (...) {
        s.close();
        throw;
    }
    // What ended the connection meanwhile is the cause; what that has cancelled is not.
    if (s.open_ && s.channel_.failure().code()) s.failure_ = s.channel_.failure();
    if (!s.open_ && s.failure_.code() && ec) ec = s.failure_.code();
    s.finish(ec, ended_by::shutdown);
    if (ec) throw boost::system::system_error(ec);
}

}  // namespace parley::rpc::detail
