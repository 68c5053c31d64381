// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "net/receive.hpp"

#include "core/syscall_message.hpp"
#include "core/syscall_net.hpp"
#include "net/ancillary.hpp"
#include "net/credentials.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <utility>

#include <poll.h>

namespace parley::detail {
namespace {

// The control messages of one receive. Owns the descriptors in them until they are taken.
class received_control {
public:
    received_control(msghdr& message, std::size_t room) noexcept : message_(message) {
        message.msg_control = buffer_.bytes.data();
        message.msg_controllen = room;
    }
    received_control(const received_control&) = delete;
    received_control& operator=(const received_control&) = delete;
    ~received_control() {
        for (const int fd : content_.view().subspan(taken_)) sys::close(fd);
        if (content_.pidfd >= 0) sys::close(content_.pidfd);
    }

    void arrived() noexcept { decode_control({buffer_.bytes.data(), message_.msg_controllen}, content_); }

    const control_content& content() const noexcept { return content_; }

    // Gives the descriptors away: all, or none and false.
    bool take(received_message& into) {
        std::vector<unique_fd> owned;
        owned.reserve(content_.count);
        while (taken_ != content_.count) {
            unique_fd fd(content_.descriptors[taken_++]);
            if (fd.get() < sys::first_free_number) {
                auto moved = sys::above_standard_streams(std::move(fd));
                if (!moved) return false;
                fd = std::move(*moved);
            }
            owned.push_back(std::move(fd));
        }
        into.fds = std::move(owned);
        into.sender_pidfd.reset(std::exchange(content_.pidfd, -1));
        return true;
    }

private:
    msghdr& message_;
    control_buffer buffer_;
    control_content content_;
    std::size_t taken_ = 0;  // of the descriptors in it
};

std::optional<peer_credentials> sender_of(const control_content& content) {
    if (!content.credentials) return std::nullopt;
    return known_of(*content.credentials);
}

std::optional<packet_arrival> arrival_of(const control_content& content) {
    if (!content.destination) return std::nullopt;
    const auto& [v6, bytes, interface] = *content.destination;
    if (v6) return packet_arrival{asio::ip::address_v6(bytes), interface};
    return packet_arrival{asio::ip::address_v4({bytes[0], bytes[1], bytes[2], bytes[3]}), interface};
}

struct arrival {
    std::size_t bytes = 0;
    bool end = false;
    bool credentials_for_us = false;  // they are there because we wanted to see them, not the user
};

// An empty packet and the end are both 0 to recvmsg(2). While the other side is open it is a packet, if there is
// anything at all; the other side can close at any time, but what was there before it did stays. When it has closed,
// nothing more comes, and a packet is told from the end by credentials, which the kernel puts beside packets only.
sys::outcome<arrival> receive_from_seqpacket(int fd, msghdr& message, received_control& control) {
    const auto ready = sys::poll_now(fd, POLLIN | POLLRDHUP);
    if (!ready) return ready.error();
    if (*ready == 0) return sys::make_code(EAGAIN);
    const bool closed = (*ready & POLLRDHUP) != 0;
    const auto asked = closed ? sys::socket_option(fd, SOL_SOCKET, SO_PASSCRED) : 0;
    if (!asked) return asked.error();
    const bool ours = closed && *asked == 0;
    if (ours) {
        if (const auto ec = sys::set_socket_option(fd, SOL_SOCKET, SO_PASSCRED, 1)) return ec;
    }
    const auto n = sys::recvmsg(fd, message, MSG_TRUNC);
    if (n) control.arrived();
    if (ours) sys::set_socket_option(fd, SOL_SOCKET, SO_PASSCRED, 0);
    if (!n) return n.error();
    return arrival{*n, closed && *n == 0 && !control.content().credentials, ours};
}

sys::outcome<arrival> receive_from_stream(int fd, msghdr& message, received_control& control) {
    const auto n = sys::recvmsg(fd, message);
    if (!n) return n.error();
    control.arrived();
    return arrival{*n, *n == 0};
}

sys::outcome<arrival> receive_datagram(const receive_request& request, msghdr& message, received_control& control) {
    const auto n = sys::recvmsg(request.fd, message, MSG_TRUNC);
    if (n) {
        control.arrived();
        return arrival{*n};
    }
    // After shutdown(2) of this side the kernel says that it is ready, for ever, and has nothing.
    if (n.error() == asio::error::would_block && request.waited) {
        const auto ready = sys::poll_now(request.fd, POLLRDHUP);
        if (ready && (*ready & POLLRDHUP) != 0) return arrival{0, true};
    }
    return n.error();
}

sys::outcome<arrival> receive(const receive_request& request, msghdr& message, received_control& control) {
    switch (request.type) {
        case SOCK_STREAM:
            return receive_from_stream(request.fd, message, control);
        case SOCK_SEQPACKET:
            return receive_from_seqpacket(request.fd, message, control);
        default:
            return receive_datagram(request, message, control);
    }
}

error_code judge(const msghdr& message, const control_content& content, std::size_t most_fds) {
    const bool cut = (message.msg_flags & MSG_CTRUNC) != 0;
    if (content.count > most_fds || (cut && content.count == most_fds)) return errc::too_many_descriptors;
    if (cut || content.malformed) return errc::descriptors_lost;
    if ((message.msg_flags & MSG_TRUNC) != 0) return asio::error::message_size;
    return {};
}

}  // namespace

std::optional<receive_outcome> receive_now(receive_request& request) {
    msghdr message{};
    message.msg_iov = request.parts;
    message.msg_iovlen = std::min<std::size_t>(request.part_count, 1024);  // IOV_MAX; the rest stays empty
    message.msg_name = request.name;
    message.msg_namelen = request.name == nullptr ? 0 : sizeof *request.name;
    received_control control(message, request.roomy ? control_capacity : control_room(request.most_fds));
    const auto arrived = receive(request, message, control);
    if (!arrived) {
        if (arrived.error() == asio::error::would_block) return std::nullopt;
        return receive_outcome{arrived.error()};
    }
    request.name_size = message.msg_namelen;
    receive_outcome outcome;
    outcome.packet_size = arrived->bytes;
    outcome.message.size = std::min(arrived->bytes, request.bytes);
    outcome.message.end = arrived->end;
    if (!arrived->credentials_for_us) outcome.message.sender = sender_of(control.content());
    outcome.arrival = arrival_of(control.content());
    outcome.ec = judge(message, control.content(), request.most_fds);
    if (!outcome.ec && !control.take(outcome.message)) outcome.ec = errc::descriptors_lost;
    return outcome;
}

}  // namespace parley::detail
