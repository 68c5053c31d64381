// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Addresses for sockets and back: Asio's endpoints, and what bind(2) and connect(2) take.
#pragma once

#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/net/address.hpp>

#include <cstring>

#include <sys/socket.h>

namespace parley {

/// An address as the kernel has it.
struct socket_address {
    sockaddr_storage storage{};
    socklen_t size = 0;  ///< bytes of `storage` that count

    const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// For bind(2), connect(2) and sendto(2): UNIX kinds, and TCP, UDP and multicast groups where the host is a number.
///
/// Nothing is looked up. Errors: `errc::invalid_argument`, with the address and the reason: a host that must be
/// resolved first, a zone by name (the number of the interface is needed: if_nametoindex(3)), or a kind that has no
/// such address. Any thread. Source: unix(7), ip(7), ipv6(7).
[[nodiscard]] PARLEY_EXPORT result<socket_address> to_socket_address(const address& a);

namespace detail {

/// A socket's domain, type and protocol, as socket(2) has them.
struct socket_type {
    int family;
    int type;
    int protocol;
};

PARLEY_EXPORT result<socket_address> to_socket_address(const address& a, const socket_type& wanted);
PARLEY_EXPORT result<address> to_address(const sockaddr* data, std::size_t size, const socket_type& of);

template <typename Endpoint>
socket_type socket_type_of(const Endpoint& endpoint) {
    const auto protocol = endpoint.protocol();
    return {protocol.family(), protocol.type(), protocol.protocol()};
}

}  // namespace detail

/// The address as an endpoint of Asio: `to_endpoint<asio::local::stream_protocol::endpoint>(a)`, also of
/// `local::datagram_protocol`, `ip::tcp`, `ip::udp`, or of any protocol whose endpoint is like theirs. Abstract names
/// of all lengths come through, which Asio's own constructors do not do.
///
/// Errors: as `to_socket_address`, and `errc::invalid_argument` where the endpoint is for another kind of socket.
template <typename Endpoint>
[[nodiscard]] result<Endpoint> to_endpoint(const address& a) {
    Endpoint endpoint;
    auto native = detail::to_socket_address(a, detail::socket_type_of(endpoint));
    if (!native) return native.error();
    auto* bytes = reinterpret_cast<char*>(&native->storage);
    // For local endpoints resize takes a NUL in the last place for a terminator and drops it. There is none, but the
    // name may end so: let it see something else there.
    const char last = bytes[native->size - 1];
    if (endpoint.protocol().family() == AF_UNIX) bytes[native->size - 1] = 1;
    std::memcpy(endpoint.data(), bytes, native->size);
    endpoint.resize(native->size);
    reinterpret_cast<char*>(endpoint.data())[native->size - 1] = last;
    return endpoint;
}

/// The address of an endpoint of Asio, without options: what a socket was bound to, or where a datagram came from.
///
/// Errors: `errc::invalid_address` for a socket without a name, such as the end of a UNIX connection that was not
/// bound, and for a path that no address can have; `errc::invalid_argument` for an endpoint that is not of a UNIX, TCP
/// or UDP socket. Asio drops a NUL at the end of an abstract name that it asks the kernel for. Any thread.
template <typename Endpoint>
[[nodiscard]] result<address> to_address(const Endpoint& endpoint) {
    return detail::to_address(endpoint.data(), endpoint.size(), detail::socket_type_of(endpoint));
}

}  // namespace parley
