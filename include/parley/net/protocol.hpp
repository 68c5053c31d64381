// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Asio's protocol classes, by what the kernel says of a socket.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/unique_fd.hpp>

#include <concepts>

#include <netinet/in.h>
#include <sys/socket.h>

namespace parley::detail {

/// The protocol of a socket of `family`: for the generic ones, those of IP, and those that have one family only.
template <typename Protocol>
Protocol protocol_for(int family) {
    if constexpr (std::constructible_from<Protocol, int, int>) {
        return Protocol(family, 0);
    } else if constexpr (requires { Protocol::v6(); }) {
        return family == AF_INET6 ? Protocol::v6() : Protocol::v4();
    } else {
        return Protocol();
    }
}

/// SOCK_STREAM, SOCK_SEQPACKET or SOCK_DGRAM, with the families that it takes.
struct protocol_shape {
    int type;
    bool local;     // UNIX sockets
    bool internet;  // IP sockets
};

template <typename Protocol>
constexpr protocol_shape shape_of() {
    if constexpr (std::constructible_from<Protocol, int, int>)
        return {Protocol(0, 0).type(), true, true};
    else if constexpr (requires { Protocol::v6(); })
        return {Protocol::v4().type(), false, true};
    else
        return {Protocol().type(), true, false};
}

/// A socket with a peer, on its way to a socket of Asio's.
struct open_connection {
    unique_fd fd{};
    int family = 0;
};

/// Gives `fd` to `socket`; it stays with its owner when that fails.
template <typename Socket>
error_code assign(Socket& socket, int family, unique_fd& fd) {
    error_code ec;
    socket.assign(protocol_for<typename Socket::protocol_type>(family), fd.get(), ec);
    if (!ec) static_cast<void>(fd.release());
    return ec;
}

}  // namespace parley::detail
