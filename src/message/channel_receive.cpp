// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The receiving half of a channel: who waits, what he is given, and where the messages are. channel_read.cpp reads.

#include "core/operation.hpp"
#include "message/channel_state.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

namespace parley::detail {
namespace {

constexpr std::size_t fewest_places = 16;
constexpr std::size_t most_places = 1024;
constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

// Not by assignment, which calls itself for ever in Boost 1.81.
template <typename Handler>
Handler taken(Handler& from) noexcept {
    Handler handler;
    handler.swap(from);
    return handler;
}

std::optional<std::string_view> value_of(const message_batch& batch, receive_one*) {
    if (batch.empty()) return std::nullopt;
    return batch[0];
}
const message_batch& value_of(const message_batch& batch, receive_all*) { return batch; }

}  // namespace

// --- what the user calls

void channel_state::start_receive(receive_one handler, const executor& own) {
    start_receive_of(&pending_receive::one, std::move(handler), own);
}

void channel_state::start_receive(receive_all handler, const executor& own) {
    start_receive_of(&pending_receive::all, std::move(handler), own);
}

template <typename Handler>
void channel_state::start_receive_of(Handler pending_receive::*which, Handler handler, const executor& own) {
    Handler* const type = nullptr;
    if (receive_ == nullptr) receive_at_home_.reset(new pending_receive(&receive_));
    if (receive_->waits())
        return post_completion(get_executor(), std::move(handler), error_code(asio::error::already_started),
                               value_of(message_batch(), type));
    if (inbox_) inbox_->claimed.clear();
    if (!delivering_) {
        if (!settled() || next == end) flush();  // before it waits, and before the end
        if (settled()) {
            auto [ec, messages] = hand_out(std::is_same_v<Handler, receive_one> ? 1 : no_limit);
            return post_completion(get_executor(), std::move(handler), ec, value_of(messages, type));
        }
    }
    receive_->id = next_id_++;
    receive_->at_home = runs_on(get_executor(), own);
    if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
        slot.assign([weak = weak_from_this(), id = receive_->id](asio::cancellation_type type_of) {
            if (type_of == asio::cancellation_type::none) return;
            if (const auto self = weak.lock()) self->abort_receive(id);
        });
    }
    (receive_->*which).swap(handler);
    if (!delivering_ && !reading_) begin_read(std::move(receive_at_home_));
}

std::optional<std::string_view> channel_state::try_receive() {
    if (!open_ || somebody_receives()) return std::nullopt;
    if (next == end && !more_) return std::nullopt;
    if (inbox_) inbox_->claimed.clear();
    if (next == end) parse();
    if (next == end) return std::nullopt;
    auto [ec, messages] = hand_out(1);
    if (ec) return std::nullopt;
    return messages[0];
}

std::vector<unique_fd> channel_state::take_descriptors() noexcept {
    return inbox_ ? std::exchange(inbox_->claimed, {}) : std::vector<unique_fd>();
}

void channel_state::abort_receive(std::uint64_t id) {
    if (!somebody_receives() || receive_->id != id) return;
    abort_receive();
}

void channel_state::abort_receive() {
    if (!somebody_receives()) return;
    const error_code aborted = asio::error::operation_aborted;
    if (receive_->one)
        post_completion(get_executor(), taken(receive_->one), aborted, std::optional<std::string_view>());
    if (receive_->all) post_completion(get_executor(), taken(receive_->all), aborted, message_batch());
}

// --- handing out

// Whether a receive can be completed now.
bool channel_state::settled() {
    if (!open_) return true;
    if (next == end && more_) parse();
    return next != end || at_end_ || broken_;
}

channel_state::delivery channel_state::hand_out(std::size_t most) {
    if (!open_) return {read_error() ? read_error() : error_code(asio::error::bad_descriptor), {}};
    if (next == end) {
        if (!broken_) return {};  // the end
        close();
        return {read_error(), {}};
    }
    const auto* const first = next;
    next += std::min(most, static_cast<std::size_t>(end - next));
    if (brings_descriptors) {
        for (const auto* m = first; m != next; ++m) {
            if (claim(*m)) continue;
            close();
            return {read_error(), {}};
        }
    }
    return {{}, {first, next}};
}

// Takes the descriptors of a message out of those that have come.
bool channel_state::claim(const message_place& message) {
    if (message.descriptors > inbox_->arrived.size()) {
        cannot_receive(errc::descriptors_lost, "message " + std::to_string(counters().messages_received) + ": " +
                                                   std::to_string(message.descriptors) +
                                                   " descriptors were announced, " +
                                                   std::to_string(inbox_->arrived.size()) + " have come");
        return false;
    }
    const auto last = inbox_->arrived.begin() + message.descriptors;
    inbox_->claimed.insert(inbox_->claimed.end(), std::move_iterator(inbox_->arrived.begin()),
                           std::move_iterator(last));
    inbox_->arrived.erase(inbox_->arrived.begin(), last);
    return true;
}

void channel_state::complete(pending_receive& waiting) {
    if (waiting.one) {
        auto handler = taken(waiting.one);
        auto [ec, messages] = hand_out(1);
        auto value = value_of(messages, static_cast<receive_one*>(nullptr));
        if (!waiting.at_home) return post_completion(get_executor(), std::move(handler), ec, value);
        std::move(handler)(ec, value);
    } else {
        auto handler = taken(waiting.all);
        auto [ec, messages] = hand_out(no_limit);
        if (!waiting.at_home) return post_completion(get_executor(), std::move(handler), ec, messages);
        std::move(handler)(ec, messages);
    }
}

// Completes who waits, again and again while he comes back at once and there is something for him. Called from the
// channel's own operations only: the handlers run from within, and the next receive is found here.
void channel_state::deliver(receive_owner waiting) {
    delivering_ = true;
    try {
        for (std::size_t n = options_.turn_messages; waiting->waits() && settled(); --n) {
            if (n == 0) {  // the others have their turn
                delivering_ = false;
                flush();
                return deliver_later(std::move(waiting));
            }
            complete(*waiting);
        }
    } catch (...) {  // what a handler throws leaves the loop's run
        delivering_ = false;
        deliver_later(std::move(waiting));
        throw;
    }
    delivering_ = reading_ = false;
    flush();
    const bool drains = draining_ && !at_end_ && !broken_;
    if (open_ && (waiting->waits() || drains))
        begin_read(std::move(waiting));
    else
        receive_at_home_ = std::move(waiting);
}

void channel_state::deliver_later(receive_owner waiting) {
    reading_ = true;  // until then nobody reads
    asio::post(get_executor(),
               [self = shared_from_this(), owner = std::move(waiting)]() mutable { self->deliver(std::move(owner)); });
}

// --- finding messages

void channel_state::parse() {
    if (inbox_->places.empty())
        inbox_->places.resize(fewest_places);
    else if (more_ && inbox_->places.size() < most_places)
        inbox_->places.resize(inbox_->places.size() * 4);
    const auto bytes = inbox_->bytes.data().substr(inbox_->parsed);
    const auto parsed = wire_->parse(bytes, inbox_->examined, inbox_->places.data(), inbox_->places.size());
    next = inbox_->places.data();
    end = next + parsed.count;
    inbox_->messages += parsed.count;
    inbox_->parsed += parsed.size;
    more_ = parsed.count == inbox_->places.size();
    inbox_->examined = more_ ? 0 : bytes.size() - parsed.size;
    inbox_->wanted = parsed.last.wanted;
    if (parsed.last.outcome == parsed_frame::kind::failed) return not_a_frame(parsed.last);
    if (brings_descriptors) return;
    const auto* const bad = std::find_if(next, end, [](const message_place& m) { return m.descriptors != 0; });
    if (bad == end) return;
    inbox_->messages -= static_cast<std::uint64_t>(end - bad);
    end = bad;
    more_ = false;
    not_a_frame(parsed_frame::failed(errc::too_many_descriptors, 0, "descriptors are not welcome here"));
}

void channel_state::parse_end() {
    const auto rest = inbox_->bytes.data().substr(inbox_->parsed);
    const auto last = wire_->parse_end(rest);
    if (last.outcome != parsed_frame::kind::complete) return not_a_frame(last);
    inbox_->places.resize(std::max(inbox_->places.size(), fewest_places));
    const auto message = last.found.payload(rest);
    inbox_->places[0] = {message.data(), static_cast<std::uint32_t>(message.size()), 0};
    next = inbox_->places.data();
    end = next + 1;
    inbox_->parsed = inbox_->bytes.size();
    ++inbox_->messages;
}

void channel_state::not_a_frame(const parsed_frame& why) {
    cannot_receive(why.code, "message " + std::to_string(inbox_->messages + 1) + ", " + why.context());
}

void channel_state::cannot_receive(error_code code, std::string context) {
    broken_ = true;
    at_the_end().read_error = code;
    failed(code, std::move(context));
}

}  // namespace parley::detail
