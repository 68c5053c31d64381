// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What Asio lacks for UNIX sockets: packets over a connection, and pairs that no exec hands on.
#pragma once

#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/core/unique_fd.hpp>

#include <boost/asio/basic_seq_packet_socket.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/local/basic_endpoint.hpp>
#include <boost/asio/local/datagram_protocol.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <concepts>
#include <utility>

#include <sys/socket.h>

namespace parley {

/// The protocol of UNIX sockets that keep the borders of packets, in order, over a connection. A protocol class like
/// Asio's `local::stream_protocol`; Boost has one from 1.82.
///
/// Asio's `async_receive` cannot tell an empty packet from the end and cuts what does not fit: see
/// `async_receive_packet`. A packet is at most as large as the send buffer allows; a larger one is EMSGSIZE.
/// A value. Source: unix(7), SOCK_SEQPACKET.
class local_seqpacket {
public:
    using endpoint = asio::local::basic_endpoint<local_seqpacket>;
    using socket = asio::basic_seq_packet_socket<local_seqpacket>;
    using acceptor = asio::basic_socket_acceptor<local_seqpacket>;

    int type() const noexcept { return SOCK_SEQPACKET; }
    int protocol() const noexcept { return 0; }
    int family() const noexcept { return AF_UNIX; }
};

/// A protocol class of UNIX sockets: `asio::local::stream_protocol`, `asio::local::datagram_protocol`,
/// `local_seqpacket`, Boost's own `asio::local::seq_packet_protocol`.
template <typename Protocol>
concept local_protocol = std::same_as<typename Protocol::endpoint, asio::local::basic_endpoint<Protocol>>;

namespace detail {

struct socket_descriptors {
    unique_fd first;
    unique_fd second;
};

PARLEY_EXPORT result<socket_descriptors> make_socket_descriptors(int type);

template <typename Socket, typename Protocol>
result<void> assign_socket(Socket& socket, const Protocol& protocol, unique_fd& fd) {
    error_code ec;
    socket.assign(protocol, fd.get(), ec);
    if (ec) return error(ec, "socket pair");
    static_cast<void>(fd.release());
    return {};
}

}  // namespace detail

/// Two UNIX sockets that are connected to each other, each on `io`.
///
///     auto [here, there] = parley::make_socket_pair<asio::local::stream_protocol>(io).value();
///
/// Both are close-on-exec from birth, which those of `asio::local::connect_pair` are not, and numbered 3 or higher.
/// Each has a mode of its own and blocks until an asynchronous operation begins on it: an end that was never used can
/// be given to a child (`there.release()`) as it is.
///
/// Errors: `too_many_files_open` and others of socketpair(2); those of epoll_ctl(2). On an error nothing stays open.
/// Any thread. Source: socketpair(2), unix(7).
template <local_protocol Protocol>
[[nodiscard]] result<std::pair<typename Protocol::socket, typename Protocol::socket>> make_socket_pair(executor io) {
    const Protocol protocol{};
    auto ends = detail::make_socket_descriptors(protocol.type());
    if (!ends) return std::move(ends).error();
    typename Protocol::socket first(io), second(io);
    if (auto assigned = detail::assign_socket(first, protocol, ends->first); !assigned) return assigned.error();
    if (auto assigned = detail::assign_socket(second, protocol, ends->second); !assigned) return assigned.error();
    return std::pair(std::move(first), std::move(second));
}

}  // namespace parley
