// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How bytes and packets come into a channel: by the reactor, or where the loop looks for them.

#include "core/polling.hpp"
#include "core/syscall_message.hpp"
#include "core/syscall_net.hpp"
#include "message/channel_state.hpp"
#include "net/receive.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include <sys/socket.h>
#include <sys/uio.h>

namespace parley::detail {
namespace {

constexpr std::size_t largest_announced = std::size_t{256} << 10;  // how much room an announced length alone can claim
constexpr std::size_t worth_keeping = std::size_t{256} << 10;
constexpr std::uint32_t most_overhead = 4096;  // that is free beside a message
constexpr std::size_t worth_a_read = 4096;     // so much of a frame is read without a look at what follows it

}  // namespace

bool channel_state::reads_at_once() const noexcept {
    if (kind_ == kind::other) return true;
    // A channel that has not received anything yet holds no memory to read into. Asio's read passes over descriptors.
    return kind_ == kind::stream && inbox_;
}

std::size_t channel_state::room() const noexcept {
    if (kind_ == kind::packets) return inbox_->bytes.limit() - inbox_->bytes.size();
    const std::size_t have = inbox_->bytes.size();
    const std::size_t lacking = inbox_->wanted > have ? std::min(inbox_->wanted - have, largest_announced) : 0;
    return std::min(std::max(inbox_->read_size, lacking), inbox_->room_to - have);
}

// Memory for a read of so many bytes. It grows with what has come, and faster where the peer has announced a length:
// each time it grows costs a copy.
asio::mutable_buffer channel_state::memory_for(std::size_t n) {
    const std::size_t have = inbox_->bytes.size();
    const std::size_t ahead = share_ && inbox_->wanted > have ? std::min(inbox_->wanted - have, have * 3) : 0;
    return asio::buffer(inbox_->bytes.prepare(std::max(n, ahead)), n);
}

void channel_state::begin_read(receive_owner waiting) {
    if (inbox_) {
        inbox_->bytes.consume(std::exchange(inbox_->parsed, 0));
        give_memory_back();
    }
    next = end = nullptr;
    if (inbox_ && kind_ != kind::packets && inbox_->bytes.full()) {
        not_a_frame(parsed_frame::failed(errc::limit_exceeded, 0, "the framing wants more than its own limit"));
        return deliver_later(std::move(waiting));
    }
    reading_ = true;
    if (share_ && inbox_ && !has_room_for_message()) return wait_for_room(std::move(waiting));
    if (!leave_to_polling(waiting)) read_by_reactor(std::move(waiting));
}

// A message that was large leaves no large memory behind. A channel of a listener keeps what is free and no more.
void channel_state::give_memory_back() {
    auto& bytes = inbox_->bytes;
    const bool of_many = share_ && kind_ != kind::packets;
    if (bytes.capacity() <= (of_many ? free_bytes() : worth_keeping)) return;
    if (of_many ? bytes.size() > free_bytes() : std::max(bytes.size(), inbox_->wanted) > worth_keeping / 2) return;
    buffer smaller(bytes.limit());
    const auto rest = bytes.data();
    auto into = smaller.prepare(of_many ? free_bytes() : rest.size());
    if (!rest.empty()) std::memcpy(into.data(), rest.data(), rest.size());
    smaller.commit(rest.size());
    bytes = std::move(smaller);
}

// --- the room that all channels of a listener share

// Of each message, whatever others hold: what a frame has beside its message is not counted.
std::size_t channel_state::free_bytes() const noexcept { return room_step + std::min(overhead_, most_overhead); }

// Whether there is room to read more of the message that has begun.
bool channel_state::has_room_for_message() {
    if (share_->must_end()) return true;  // the read will say so
    const std::size_t have = inbox_->bytes.size();
    if (share_->peer_has_gone()) {
        inbox_->room_to = SIZE_MAX;
        return true;
    }
    const std::size_t steps = have < free_bytes() ? 0 : (have - free_bytes()) / room_step + 1;
    if (steps == 0) share_->keep(0);
    if (steps != 0 && !share_->reserve(steps)) return false;
    inbox_->room_to = free_bytes() + steps * room_step;
    return true;
}

// Until the budget tells it, or nobody wants to read any more.
void channel_state::wait_for_room(receive_owner waiting) {
    auto& timer = inbox_->room;
    if (!timer) timer = std::make_unique<asio::steady_timer>(get_executor());
    timer->expires_at(asio::steady_timer::time_point::max());
    timer->async_wait([self = shared_from_this(), owner = std::move(waiting)](error_code) mutable {
        self->room_wait_ended(std::move(owner));
    });
}

void channel_state::stop_waiting_for_room() {
    if (inbox_ && inbox_->room) inbox_->room->cancel();
}

void channel_state::room_wait_ended(receive_owner waiting) {
    reading_ = false;
    if (!wants_to_read(waiting)) {
        const std::size_t have = inbox_->bytes.size();
        share_->keep(have < free_bytes() ? 0 : (have - free_bytes() + room_step - 1) / room_step);
        receive_at_home_ = std::move(waiting);
        return;
    }
    if (share_->peer_has_gone() && !draining_) {
        // The kernel has all that still comes. It is read at once: either it has the end of the message, or the
        // channel ends and holds nothing.
        inbox_->room_to = SIZE_MAX;
        while (!settled() && !inbox_->bytes.full() && try_read()) {}
    }
    if (next != end || at_end_ || broken_) return have_read(std::move(waiting));
    begin_read(std::move(waiting));
}

void channel_state::told_by_budget() {
    if (!open_) return;
    if (share_->must_end()) {
        if (!reading_ || kind_ != kind::stream) give_way();  // otherwise Asio may be reading into the memory
        sys::end_receiving(fd_);                             // ends a read, and tells the peer
    }
    stop_waiting_for_room();
}

// Others needed what it holds. Messages that have come whole, without descriptors, can still be received.
void channel_state::give_way() {
    if (!open_ || broken_) return;
    in();
    const auto* const last = std::find_if(next, end, [](const message_place& m) { return m.descriptors != 0; });
    inbox_->messages -= static_cast<std::uint64_t>(end - last);
    end = last;
    more_ = false;
    inbox_->arrivals.clear();
    inbox_->arrived.clear();
    inbox_->claimed.clear();
    if (inbox_->parsed == 0) inbox_->bytes = buffer(0);  // nothing refers to it any more
    cannot_receive(errc::limit_exceeded, "message " + std::to_string(inbox_->messages + 1) +
                                             ": it or its descriptors were held for " +
                                             std::to_string(share_->options().unfinished_timeout.count()) +
                                             " ms while other connections of the listener needed the room");
}

void channel_state::read_by_reactor(receive_owner waiting) {
    read_done done{shared_from_this(), std::move(waiting), false};
    if (reads_at_once()) {
        in();
        wire_->read(memory_for(room()), std::move(done));
        return;
    }
    done.only_waited = true;
    if (inbox_ && !inbox_->drained)  // there is more, probably; others have their turn
        asio::post(get_executor(), [done = std::move(done)]() mutable { done(error_code()); });
    else
        wire_->wait_read(std::move(done));
}

class channel_state::awaited_read final : public awaited {
public:
    awaited_read(std::shared_ptr<channel_state> state, receive_owner waiting)
        : state_(std::move(state)), waiting_(std::move(waiting)) {}

    looked look() override { return state_->look(waiting_); }
    void leave() override { state_->stop_looking(waiting_); }

private:
    std::shared_ptr<channel_state> state_;
    receive_owner waiting_;
};

// False where the loop does not poll.
bool channel_state::leave_to_polling(receive_owner& waiting) {
    if (!inbox_ || inbox_->loop == nullptr || !inbox_->loop->has_room()) return false;
    inbox_->loop->add(std::make_unique<awaited_read>(shared_from_this(), std::move(waiting)));
    return true;
}

looked channel_state::look(receive_owner& waiting) {
    if (!wants_to_read(waiting)) {
        stop_looking(waiting);
        return looked::in_vain;
    }
    if (!try_read()) return looked::not_yet;
    reading_ = false;
    have_read(std::move(waiting));
    return looked::come;
}

void channel_state::stop_looking(receive_owner& waiting) {
    if (wants_to_read(waiting)) return read_by_reactor(std::move(waiting));
    reading_ = false;
    receive_at_home_ = std::move(waiting);
}

void channel_state::read_ended(receive_owner waiting, error_code ec, std::size_t n, bool only_waited) {
    reading_ = false;
    if (!open_) {
        receive_at_home_ = std::move(waiting);
        return;
    }
    if (!only_waited) {
        arrived(ec, n);
    } else if (ec) {
        arrived(ec, 0);
    } else if (!waiting->waits() && !draining_) {  // nobody wants it any more
        receive_at_home_ = std::move(waiting);
        return;
    } else if (!try_read()) {
        return begin_read(std::move(waiting));
    }
    have_read(std::move(waiting));
}

// Hands out what has come, to whom it is for.
void channel_state::have_read(receive_owner waiting) {
    if (!draining_) return deliver(std::move(waiting));
    if (at_end_ || broken_) {
        receive_at_home_ = std::move(waiting);
        ending_->linger->cancel();
        return;
    }
    inbox_->parsed = inbox_->bytes.size();
    more_ = false;
    inbox_->arrived.clear();
    inbox_->arrivals.clear();
    count_descriptors();
    begin_read(std::move(waiting));
}

void channel_state::arrived(error_code ec, std::size_t n) {
    in();
    if (share_ && share_->must_end()) return give_way();
    if (n != 0) {
        ++inbox_->reads;
        inbox_->bytes_read += n;
        if (n >= inbox_->read_size) inbox_->read_size = std::min(inbox_->read_size * 2, largest_read);
        inbox_->bytes.commit(n);
        // Before a framing has what it wants it could only say so again.
        if (!draining_ && (inbox_->bytes.size() >= inbox_->wanted || !inbox_->arrivals.empty())) parse();
    }
    if (ec == asio::error::eof) {
        at_end_ = true;
        if (!draining_ && !broken_ && !more_ && inbox_->bytes.size() > inbox_->parsed) parse_end();
    } else if (ec && !broken_) {
        cannot_receive(ec, "receive message " + std::to_string(inbox_->messages + 1));
    }
    if (share_ && (inbox_->parsed != 0 || at_end_ || broken_)) share_->keep(0);  // nothing of it is unfinished
}

// Reads what is there; false where there is nothing, also where a wait has announced it.
bool channel_state::try_read() {
    in();
    if (share_ && share_->must_end()) return give_way(), true;
    if (kind_ == kind::packets) return try_read_packet();
    const auto into = memory_for(bytes_to_read());
    iovec part{into.data(), into.size()};
    if (kind_ != kind::local_stream) {
        const auto n = sys::recv(fd_, part);
        if (!n && n.error() == asio::error::would_block) return false;
        arrived(!n ? n.error() : *n == 0 ? error_code(asio::error::eof) : error_code(), n ? *n : 0);
        return true;
    }
    receive_request request{fd_, type_, &part, 1, into.size(), options_.descriptors, true};
    auto outcome = receive_now(request);
    inbox_->drained = !outcome || outcome->message.size < into.size();
    if (!outcome) return false;
    auto& message = outcome->message;
    if (message.end) return arrived(asio::error::eof, 0), true;
    if (outcome->ec && message.size == 0) return arrived(outcome->ec, 0), true;
    const auto read_to = inbox_->bytes_read + message.size;
    // A look ahead may have shown that they can belong to frames behind these bytes, too.
    if (!draining_)
        brought(std::move(message.fds), outcome->ec, std::max(read_to, std::exchange(inbox_->looked_to, 0)));
    arrived({}, message.size);
    return true;
}

// The kernel reads across sends without descriptors into one with some, and no further than to its end. So that it is
// known to which frame they belong, a read ends where a frame does that announces some, or lies within one frame.
std::size_t channel_state::bytes_to_read() {
    const std::size_t most = room();
    if (kind_ != kind::local_stream || !brings_descriptors || draining_) return most;
    const std::size_t have = inbox_->bytes.size();
    if (!inbox_->arrivals.empty() && inbox_->arrivals.back().to > inbox_->bytes_read)  // no others come before
        return std::min<std::uint64_t>(most, inbox_->arrivals.back().to - inbox_->bytes_read);
    if (inbox_->wanted >= have + worth_a_read) return std::min(most, inbox_->wanted - have);
    const auto into = inbox_->bytes.prepare(most);
    iovec part{into.data(), into.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    const auto n = sys::recvmsg(fd_, message, MSG_PEEK);
    if (!n || *n == 0) return most;
    if ((message.msg_flags & MSG_CTRUNC) == 0) return *n;
    inbox_->looked_to = inbox_->bytes_read + *n;
    return first_announcing({static_cast<const char*>(into.data()) - have, have + *n}) - have;
}

// Where the first of these frames ends that announces descriptors; the end of all bytes where none does.
std::size_t channel_state::first_announcing(std::string_view bytes) {
    std::size_t at = 0;
    for (message_place place{}; at != bytes.size();) {
        const auto parsed = wire_->parse(bytes.substr(at), inbox_->examined, &place, 1);
        if (parsed.count == 0) return bytes.size();
        inbox_->examined = 0;  // what the framing remembers is of the next frame now
        at += parsed.size;
        if (place.descriptors != 0) return at;
    }
    return at;
}

// Takes over what came with a read of a stream, or notes that it could not be taken.
void channel_state::brought(std::vector<unique_fd> descriptors, error_code refused, std::uint64_t to) {
    if (descriptors.empty() && !refused) return;
    if (inbox_->arrived.size() + descriptors.size() > options_.descriptors) refused = errc::too_many_descriptors;
    const bool of_listener = !refused && !may_hold(descriptors.size());
    if (of_listener) refused = errc::too_many_descriptors;
    if (refused) descriptors.clear();
    inbox_->arrivals.push_back({to, descriptors.size(), refused, of_listener});
    inbox_->arrived.insert(inbox_->arrived.end(), std::move_iterator(descriptors.begin()),
                           std::move_iterator(descriptors.end()));
}

// Whether so many more descriptors may be held, by this channel and by all of its listener.
bool channel_state::may_hold(std::size_t more) {
    return !share_ || more == 0 || share_->hold(inbox_->arrived.size() + inbox_->claimed.size() + more);
}

void channel_state::count_descriptors() {
    if (share_) share_->hold(inbox_->arrived.size() + inbox_->claimed.size());
}

void channel_state::forget_claimed() {
    if (!inbox_ || inbox_->claimed.empty()) return;
    inbox_->claimed.clear();
    count_descriptors();
}

bool channel_state::try_read_packet() {
    const auto into = inbox_->bytes.prepare(room());
    iovec part{into.data(), into.size()};
    receive_request request{fd_, type_, &part, 1, into.size(), options_.descriptors, true};
    auto outcome = receive_now(request);
    if (!outcome) return false;
    auto& message = outcome->message;
    if (type_ == SOCK_DGRAM && outcome->ec == asio::error::connection_refused) return false;  // of one packet of ours
    if (outcome->ec) return arrived(outcome->ec, 0), true;
    if (message.end) return arrived(asio::error::eof, 0), true;
    if (!may_hold(message.fds.size())) {
        cannot_receive(errc::too_many_descriptors,
                       "message " + std::to_string(inbox_->messages + 1) + ": " + no_room_for_descriptors);
        return true;
    }
    inbox_->arrived = std::move(message.fds);
    ++inbox_->reads;
    ++inbox_->messages;
    inbox_->bytes_read += message.size;
    inbox_->bytes.commit(message.size);
    if (inbox_->places.empty()) inbox_->places.resize(1);
    inbox_->places[0] = {inbox_->bytes.data().data(), static_cast<std::uint32_t>(message.size),
                         static_cast<std::uint32_t>(inbox_->arrived.size())};
    inbox_->parsed = message.size;
    next = inbox_->places.data();
    end = next + 1;
    return true;
}

}  // namespace parley::detail
