// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Sockets that connect to others: UNIX sockets of every type, TCP, UDP.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/core/timer.hpp>
#include <parley/net/address.hpp>
#include <parley/net/address_endpoint.hpp>
#include <parley/net/peer.hpp>
#include <parley/net/protocol.hpp>

#include <boost/asio/generic/stream_protocol.hpp>

#include <chrono>
#include <concepts>
#include <optional>
#include <utility>

namespace parley {

struct connect_options {
    /// How long it may take, with the look-up of the host and all attempts. Not given: the `connect_timeout` of the
    /// address, and without that as long as it takes (the kernel gives up a silent TCP host after some two minutes).
    std::optional<saturated<std::chrono::milliseconds>> timeout{};
    /// Whom to talk to; a server of somebody else is an error. UNIX streams and seqpackets. Not given: anyone. A name
    /// in the abstract namespace, or in a directory for all, may be taken by whoever comes first.
    std::optional<peer_policy> policy{};
    /// TCP to a host with several addresses: how long an attempt goes on alone before the next begins beside it.
    saturated<std::chrono::milliseconds> attempt_delay{250};
};

namespace detail {
PARLEY_EXPORT void start_connect(const executor& io, const address& a, const protocol_shape& shape,
                                 const connect_options& options,
                                 completion_handler<void(error_code, open_connection)> handler);
}

/// Connects to `a`. `async_connect(io, a)` is for UNIX streams and TCP and gives an `asio::generic` stream socket;
/// `async_connect<asio::local::stream_protocol>(io, a)` gives a socket of that type and takes no other address;
/// `local_seqpacket`, `asio::local::datagram_protocol` and `asio::ip::udp` work as well. A datagram socket that is
/// connected talks to one address only and needs no answer for it.
///
/// Completion: `void(error_code, Protocol::socket)`. A socket that comes is connected: where a UNIX server has a full
/// backlog, it tries again, with pauses of at most 50 ms, until the time is up. The connects of a context that wait for
/// the same server are served in the order of their calls: the first one tries, and those behind it cost nothing. A
/// host is looked up in a thread of Asio's, and its addresses, 64 at the most, are tried, the two families in turn, a
/// new one beside the others after each `attempt_delay` and at once when one has failed (RFC 8305); the first that
/// answers is taken. "localhost" and the names below it are not looked up: they are 127.0.0.1, and for TCP then ::1
/// (RFC 6761). The options of the address are set before it connects. `fd:` takes a duplicate of a descriptor that is
/// connected already.
///
/// Errors: `timed_out`; `operation_aborted`; `connection_refused`, `no_such_file_or_directory` and others of
/// connect(2), for several addresses that of the last; ENOTSOCK where something else than a socket is at the path;
/// `host_not_found` and others of getaddrinfo(3); EACCES for a server that the policy does not allow;
/// `errc::invalid_argument` for an address that cannot be connected to or is for another `Protocol`, or a policy where
/// nobody knows the peer. Cancellation: all types; nothing stays open. A look-up that is under way ends later, in its
/// thread; until then `io_context::run` has work, and the context's destructor waits. Any number may run at once, each
/// on an executor that does not run handlers in parallel: on threads and strands of one context, too.
template <typename Protocol = asio::generic::stream_protocol, typename CompletionToken = asio::deferred_t>
auto async_connect(const executor& io, const address& a, const connect_options& options, CompletionToken&& token = {}) {
    using socket_type = typename Protocol::socket;
    using signature = void(error_code, socket_type);
    return async_start<signature>(
        std::forward<CompletionToken>(token), [io, a, options](completion_handler<signature> handler) {
            auto deliver = [io](auto h, error_code ec, detail::open_connection c) {
                socket_type socket(io);
                if (!ec) ec = detail::assign(socket, c.family, c.fd);
                std::move(h)(ec, std::move(socket));
            };
            detail::start_connect(io, a, detail::shape_of<Protocol>(), options,
                                  detail::map_handler(std::move(handler), std::move(deliver)));
        });
}

/// The same with the default options.
template <typename Protocol = asio::generic::stream_protocol, typename CompletionToken = asio::deferred_t>
    requires(!std::convertible_to<CompletionToken, connect_options>)
auto async_connect(const executor& io, const address& a, CompletionToken&& token = {}) {
    return async_connect<Protocol>(io, a, connect_options{}, std::forward<CompletionToken>(token));
}

}  // namespace parley
