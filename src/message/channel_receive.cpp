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

std::string why_refused(const error_code& code, bool of_listener, unsigned welcome) {
    if (of_listener) return no_room_for_descriptors;
    if (code != errc::too_many_descriptors) return code.message();
    if (welcome == 0) return "descriptors are not welcome here";
    return "more than " + std::to_string(welcome) + " descriptors have come";
}

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
    forget_claimed();
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
    forget_claimed();
    if (next == end) parse();
    if (next == end) return std::nullopt;
    auto [ec, messages] = hand_out(1);
    if (ec) return std::nullopt;
    return messages[0];
}

std::vector<unique_fd> channel_state::take_descriptors() noexcept {
    if (!inbox_) return {};
    auto taken = std::exchange(inbox_->claimed, {});
    if (!taken.empty()) count_descriptors();
    return taken;
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
    stop_waiting_for_room();
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
        if (!reading_) inbox_->bytes = buffer(0);  // nothing refers to it any more
        return {read_error(), {}};
    }
    const auto* const first = next;
    next += std::min(most, static_cast<std::size_t>(end - next));
    if (brings_descriptors)
        for (const auto* m = first; m != next; ++m) claim(*m);
    return {{}, {first, next}};
}

// Takes the descriptors of a message out of those that have come. They are there: `parse` has counted them.
void channel_state::claim(const message_place& message) {
    if (message.descriptors == 0) return;
    const auto last = inbox_->arrived.begin() + message.descriptors;
    inbox_->claimed.insert(inbox_->claimed.end(), std::move_iterator(inbox_->arrived.begin()),
                           std::move_iterator(last));
    inbox_->arrived.erase(inbox_->arrived.begin(), last);
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
    next = end = inbox_->places.data();
    if (!inbox_->arrivals.empty()) {
        end = next + parse_one_by_one();
        return;
    }
    const auto bytes = inbox_->bytes.data().substr(inbox_->parsed);
    const auto parsed = wire_->parse(bytes, inbox_->examined, inbox_->places.data(), inbox_->places.size());
    end = next + parsed.count;
    inbox_->messages += parsed.count;
    inbox_->parsed += parsed.size;
    more_ = parsed.count == inbox_->places.size();
    inbox_->examined = more_ ? 0 : bytes.size() - parsed.size;
    inbox_->wanted = parsed.last.wanted;
    const auto* const bad = std::find_if(next, end, [](const message_place& m) { return m.descriptors != 0; });
    if (bad == end) {
        if (parsed.last.outcome == parsed_frame::kind::failed) return not_a_frame(parsed.last);
        if (!more_) check_incomplete(parsed.last);
        return;
    }
    inbox_->messages -= static_cast<std::uint64_t>(end - bad);
    end = bad;
    more_ = false;
    assign_descriptors(bad->descriptors, 0);
}

// While there are descriptors of which it is not known to which frame they belong. Gives how many messages were found.
std::size_t channel_state::parse_one_by_one() {
    auto& places = inbox_->places;
    std::size_t count = 0;
    for (more_ = true; count != places.size(); ++count) {
        const auto bytes = inbox_->bytes.data().substr(inbox_->parsed);
        const auto parsed = wire_->parse(bytes, std::exchange(inbox_->examined, 0), &places[count], 1);
        inbox_->wanted = parsed.last.wanted;
        if (parsed.count == 0) {
            more_ = false;
            inbox_->examined = bytes.size();
            if (parsed.last.outcome == parsed_frame::kind::failed)
                not_a_frame(parsed.last);
            else
                check_incomplete(parsed.last);
            break;
        }
        if (!assign_descriptors(places[count].descriptors, inbox_->position() + parsed.size)) {
            more_ = false;
            break;
        }
        inbox_->parsed += parsed.size;
        ++inbox_->messages;
    }
    return count;
}

// Descriptors belong to the frame in whose bytes they came: gives a frame those that it announces. False, and the
// channel is broken, where they are not all there, or where others came with bytes that end with this frame.
bool channel_state::assign_descriptors(unsigned announced, std::uint64_t end_of_frame) {
    auto& arrivals = inbox_->arrivals;
    if (announced > options_.descriptors) {
        const auto welcome = options_.descriptors == 0
                                 ? std::string("descriptors are not welcome here")
                                 : std::to_string(announced) + " descriptors are announced, at most " +
                                       std::to_string(options_.descriptors) + " are welcome";
        return wrong_descriptors(errc::too_many_descriptors, welcome), false;
    }
    std::size_t missing = announced;
    for (auto& a : arrivals) {
        const auto n = std::min(missing, a.count);
        missing -= n;
        a.count -= n;
    }
    const auto behind = std::ranges::find_if(arrivals, [&](const arrival& a) { return a.to > end_of_frame; });
    for (auto a = arrivals.begin(); a != behind; ++a) {
        if (a->refused)
            return wrong_descriptors(a->refused, why_refused(a->refused, a->of_listener, options_.descriptors)), false;
        if (a->count != 0)
            return wrong_descriptors(errc::too_many_descriptors,
                                     std::to_string(announced) + " descriptors were announced, " +
                                         std::to_string(announced + a->count) + " have come"),
                   false;
    }
    if (missing != 0)
        return wrong_descriptors(errc::descriptors_lost, std::to_string(announced) + " descriptors were announced, " +
                                                             std::to_string(announced - missing) + " have come"),
               false;
    arrivals.erase(arrivals.begin(), behind);
    std::erase_if(arrivals, [](const arrival& a) { return a.count == 0 && !a.refused; });
    return true;
}

// What can be said of the descriptors of a frame that has not come whole.
bool channel_state::check_incomplete(const parsed_frame& last) {
    if (last.announced != parsed_frame::unknown && last.announced > options_.descriptors)
        return assign_descriptors(last.announced, 0);
    std::size_t came = 0;
    for (const auto& a : inbox_->arrivals) {
        if (a.refused)
            return wrong_descriptors(a.refused, why_refused(a.refused, a.of_listener, options_.descriptors)), false;
        if (a.to <= inbox_->bytes_read) came += a.count;
    }
    if (came <= last.announced) return true;
    wrong_descriptors(errc::too_many_descriptors, std::to_string(last.announced) + " descriptors were announced, " +
                                                      std::to_string(came) + " have come");
    return false;
}

void channel_state::parse_end() {
    const auto rest = inbox_->bytes.data().substr(inbox_->parsed);
    const auto last = wire_->parse_end(rest);
    if (last.outcome != parsed_frame::kind::complete) return not_a_frame(last);
    if (!assign_descriptors(last.found.descriptors, inbox_->bytes_read)) return;
    inbox_->places.resize(std::max(inbox_->places.size(), fewest_places));
    const auto message = last.found.payload(rest);
    inbox_->places[0] = {message.data(), static_cast<std::uint32_t>(message.size()), last.found.descriptors};
    next = inbox_->places.data();
    end = next + 1;
    inbox_->parsed = inbox_->bytes.size();
    ++inbox_->messages;
}

void channel_state::not_a_frame(const parsed_frame& why) {
    cannot_receive(why.code, "message " + std::to_string(inbox_->messages + 1) + ", " + why.context());
}

void channel_state::wrong_descriptors(error_code code, const std::string& why) {
    cannot_receive(code, "message " + std::to_string(inbox_->messages + 1) + ", byte 0: " + why);
}

void channel_state::cannot_receive(error_code code, std::string context) {
    broken_ = true;
    at_the_end().read_error = code;
    failed(code, std::move(context));
}

}  // namespace parley::detail
