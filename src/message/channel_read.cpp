// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How bytes and packets come into a channel: by the reactor, or where the loop looks for them.

#include "core/polling.hpp"
#include "core/syscall_message.hpp"
#include "message/channel_state.hpp"
#include "net/receive.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include <sys/uio.h>

namespace parley::detail {
namespace {

constexpr std::size_t largest_announced = std::size_t{256} << 10;  // how much room an announced length alone can claim

}  // namespace

bool channel_state::reads_at_once() const noexcept {
    if (kind_ == kind::other) return true;
    // A channel that has not received anything yet holds no memory to read into.
    return kind_ != kind::packets && !brings_descriptors && inbox_;
}

std::size_t channel_state::room() const noexcept {
    if (kind_ == kind::packets) return inbox_->bytes.limit() - inbox_->bytes.size();
    const std::size_t have = inbox_->bytes.size();
    const std::size_t lacking = inbox_->wanted > have ? std::min(inbox_->wanted - have, largest_announced) : 0;
    return std::max(inbox_->read_size, lacking);
}

void channel_state::begin_read(receive_owner waiting) {
    if (inbox_) inbox_->bytes.consume(std::exchange(inbox_->parsed, 0));
    next = end = nullptr;
    if (inbox_ && kind_ != kind::packets && inbox_->bytes.full()) {
        not_a_frame(parsed_frame::failed(errc::limit_exceeded, 0, "the framing wants more than its own limit"));
        return deliver_later(std::move(waiting));
    }
    reading_ = true;
    if (!leave_to_polling(waiting)) read_by_reactor(std::move(waiting));
}

void channel_state::read_by_reactor(receive_owner waiting) {
    read_done done{shared_from_this(), std::move(waiting), false};
    if (reads_at_once()) {
        in();
        wire_->read(inbox_->bytes.prepare(room()), std::move(done));
    } else {
        done.only_waited = true;
        wire_->wait_read(std::move(done));
    }
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
    begin_read(std::move(waiting));
}

void channel_state::arrived(error_code ec, std::size_t n) {
    in();
    if (n != 0) {
        ++inbox_->reads;
        inbox_->bytes_read += n;
        if (n >= inbox_->read_size) inbox_->read_size = std::min(inbox_->read_size * 2, largest_read);
        inbox_->bytes.commit(n);
        if (!draining_) parse();
    }
    if (!ec) return;
    if (ec == asio::error::eof) {
        at_end_ = true;
        if (!draining_ && !broken_ && !more_ && inbox_->bytes.size() > inbox_->parsed) parse_end();
    } else if (!broken_) {
        cannot_receive(ec, "receive message " + std::to_string(inbox_->messages + 1));
    }
}

// Reads what is there; false where there is nothing, also where a wait has announced it.
bool channel_state::try_read() {
    const auto into = in().bytes.prepare(room());
    iovec part{into.data(), into.size()};
    if (kind_ != kind::packets && !brings_descriptors) {  // the kernel closes what nobody takes
        const auto n = sys::recv(fd_, part);
        if (!n && n.error() == asio::error::would_block) return false;
        arrived(!n ? n.error() : *n == 0 ? error_code(asio::error::eof) : error_code(), n ? *n : 0);
        return true;
    }
    receive_request request{fd_, type_, &part, 1, into.size(), options_.descriptors, true};
    auto outcome = receive_now(request);
    if (!outcome) return false;
    auto& message = outcome->message;
    if (type_ == SOCK_DGRAM && outcome->ec == asio::error::connection_refused) return false;  // of one packet of ours
    if (outcome->ec) return arrived(outcome->ec, 0), true;
    if (message.end) return arrived(asio::error::eof, 0), true;
    const auto count = static_cast<std::uint32_t>(message.fds.size());
    inbox_->arrived.insert(inbox_->arrived.end(), std::move_iterator(message.fds.begin()),
                           std::move_iterator(message.fds.end()));
    if (kind_ != kind::packets) {
        // More than the frames can need that have not been handed out yet.
        if (inbox_->arrived.size() > 2 * most_fds_per_message) {
            cannot_receive(errc::too_many_descriptors,
                           std::to_string(inbox_->arrived.size()) + " descriptors belong to no message");
            return true;
        }
        return arrived({}, message.size), true;
    }
    ++inbox_->reads;
    ++inbox_->messages;
    inbox_->bytes_read += message.size;
    inbox_->bytes.commit(message.size);
    if (inbox_->places.empty()) inbox_->places.resize(1);
    inbox_->places[0] = {inbox_->bytes.data().data(), static_cast<std::uint32_t>(message.size), count};
    inbox_->parsed = message.size;
    next = inbox_->places.data();
    end = next + 1;
    return true;
}

}  // namespace parley::detail
