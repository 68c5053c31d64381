// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Sockets for datagrams from an address: UNIX, UDP to one, to all, to a group.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/net/address.hpp>
#include <parley/net/address_endpoint.hpp>
#include <parley/net/protocol.hpp>
#include <parley/net/socket_file.hpp>

#include <boost/asio/generic/datagram_protocol.hpp>

#include <cstring>
#include <optional>
#include <utility>

namespace parley {

/// A socket that receives what is sent to an address. For a UNIX socket at a path `file` removes it at the end.
template <typename Protocol>
struct datagram_receiver {
    typename Protocol::socket socket;
    address local_address;  ///< with the port that it was given, without options
    socket_file file{};
};

/// A socket that sends to an address, and where that is: `socket.async_send_to(buffers, destination)`.
template <typename Protocol>
struct datagram_sender {
    typename Protocol::socket socket;
    typename Protocol::endpoint destination;
};

namespace detail {

struct opened_datagram_socket {
    unique_fd fd;
    int family = 0;
    socket_address destination{};
    std::optional<address> local_address{};
    socket_file file{};
};

PARLEY_EXPORT result<opened_datagram_socket> open_datagram_receiver(const address& a, const protocol_shape& shape);
PARLEY_EXPORT result<opened_datagram_socket> open_datagram_sender(const address& a, const protocol_shape& shape);

}  // namespace detail

/// Opens a socket that receives what is sent to `a`, which is `unix-dgram:`, `udp:` or `udp-multicast:`. The default
/// `Protocol` takes any of them; with `asio::ip::udp` or `asio::local::datagram_protocol` the socket is of that type
/// and other addresses are errors. The options of the address are set first.
///
/// UNIX: as a stream listener does it: rights (0600 where not given) and owner before anybody can send, a stale file is
/// taken over, one that is served is not. UDP: bound to the host, which is a number or "localhost", and the port; what
/// comes for other addresses of this machine is not received. A group: bound to the group and its port, which any
/// number of sockets share (`reuse` is on unless it is given), joined on the interface, or on the one that the kernel
/// chooses by its routes, and left when the socket closes. Datagrams of other groups are not received.
///
/// Errors, with the address: `address_in_use`, `errc::invalid_argument` for another kind of address, `no_such_device`
/// where no interface can join, and others of socket(2), setsockopt(2), bind(2). Any thread.
/// Source: udp(7), unix(7), ip(7), ipv6(7).
template <typename Protocol = asio::generic::datagram_protocol>
[[nodiscard]] result<datagram_receiver<Protocol>> open_datagram_receiver(const executor& io, const address& a) {
    auto opened = detail::open_datagram_receiver(a, detail::shape_of<Protocol>());
    if (!opened) return std::move(opened).error();
    datagram_receiver<Protocol> receiver{typename Protocol::socket(io), std::move(opened->local_address).value(),
                                         std::move(opened->file)};
    if (const auto ec = detail::assign(receiver.socket, opened->family, opened->fd)) return error(ec, to_string(a));
    return receiver;
}

/// Opens a socket that sends to `a`, of the same kinds, with its options.
///
/// It is connected, so that it hears from `a` only and learns of `connection_refused`, except to a group, where anybody
/// may answer: check who did (`async_receive_packet_from`). A UNIX socket gets a name from the kernel, in the abstract
/// namespace, so that it can be answered. A broadcast address needs `?broadcast=1`; its answers come from others, so
/// such a socket is not connected either. A host that is a name other than "localhost" is an error:
/// `async_connect<asio::ip::udp>` looks it up. So is port 0, at which nobody receives.
///
/// Errors: as for the receiver, and those of connect(2). Any thread.
template <typename Protocol = asio::generic::datagram_protocol>
[[nodiscard]] result<datagram_sender<Protocol>> open_datagram_sender(const executor& io, const address& a) {
    auto opened = detail::open_datagram_sender(a, detail::shape_of<Protocol>());
    if (!opened) return std::move(opened).error();
    datagram_sender<Protocol> sender{typename Protocol::socket(io), {}};
    if (const auto ec = detail::assign(sender.socket, opened->family, opened->fd)) return error(ec, to_string(a));
    std::memcpy(sender.destination.data(), opened->destination.data(), opened->destination.size);
    sender.destination.resize(opened->destination.size);
    return sender;
}

}  // namespace parley
