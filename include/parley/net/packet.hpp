// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Packets received whole or not at all: from UNIX datagram and seqpacket sockets, UDP and raw sockets.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/net/socket_handle.hpp>

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <cstring>
#include <optional>
#include <utility>

#include <sys/socket.h>

namespace parley {

/// How a datagram of IP came in.
struct packet_arrival {
    asio::ip::address destination;  ///< the address it was sent to: one of this machine, a group, a broadcast address
    unsigned interface = 0;         ///< the number of the interface, as if_nametoindex(3) gives it
};

/// What one receive has brought.
struct received_packet {
    std::size_t size = 0;         ///< bytes that are in the buffers now
    std::size_t packet_size = 0;  ///< bytes that the packet had
    /// Nothing will come any more: the other side of a seqpacket connection has ended, or this socket was shut down. An
    /// empty packet is none of this.
    bool end = false;
    std::optional<packet_arrival> arrival{};  ///< where `receive_arrival` is set
};

/// A socket of Asio's that receives packets.
template <typename Socket>
concept packet_socket = requires(Socket& socket) {
    requires detail::type_of(static_cast<const Socket*>(nullptr)) != SOCK_STREAM;
    typename Socket::endpoint_type;
};

namespace detail {

/// Where the sender's address goes.
struct sender_slot {
    void* endpoint = nullptr;
    void (*assign)(void* endpoint, const sockaddr* data, std::size_t size) = nullptr;
};

template <typename Endpoint>
void assign_endpoint(void* to, const sockaddr* data, std::size_t size) {
    auto& endpoint = *static_cast<Endpoint*>(to);
    if (size > endpoint.capacity()) size = endpoint.capacity();
    std::memcpy(endpoint.data(), data, size);
    endpoint.resize(size);
}

using packet_handler = completion_handler<void(error_code, received_packet)>;

PARLEY_EXPORT void start_receive_packet(const socket_handle& socket, const buffer_list& buffers,
                                        const sender_slot& sender, packet_handler handler);
PARLEY_EXPORT result<std::optional<received_packet>> try_receive_packet(const socket_handle& socket,
                                                                        const buffer_list& buffers,
                                                                        const sender_slot& sender);

}  // namespace detail

/// Receives the next packet.
///
/// Completion: `void(error_code, received_packet)`. A packet that the buffers cannot hold is `message_size`: `size`
/// bytes of it are there, the rest is lost, and `packet_size` says how much room the next one may need. A packet
/// without bytes is a packet; the end is told from it by `end`. Descriptors that come with a packet on a UNIX socket
/// are closed, and it is `errc::too_many_descriptors`: `async_receive_with_fds` takes them. Others of recvmsg(2), of a
/// connected socket also what came back for an earlier send (`connection_refused`). After an error the socket can go
/// on. Cancellation: all types; nothing is lost. `close` of the socket ends it with `operation_aborted`;
/// `socket.cancel()` ends it while it waits, and may not reach it between two tries. One receive at a time, beside one
/// send; the socket and the buffers must live until completion. Source: recvmsg(2), udp(7), unix(7).
template <packet_socket Socket, typename MutableBufferSequence, typename CompletionToken = asio::deferred_t>
auto async_receive_packet(Socket& socket, const MutableBufferSequence& buffers, CompletionToken&& token = {}) {
    return async_start<void(error_code, received_packet)>(
        std::forward<CompletionToken>(token),
        [handle = detail::socket_handle(socket), list = detail::buffer_list(buffers)](detail::packet_handler handler) {
            detail::start_receive_packet(handle, list, {}, std::move(handler));
        });
}

/// The same, with the sender's address in `sender`, which must live until completion. A UNIX sender without a name
/// leaves an endpoint with an empty path.
template <packet_socket Socket, typename MutableBufferSequence, typename CompletionToken = asio::deferred_t>
auto async_receive_packet_from(Socket& socket, const MutableBufferSequence& buffers,
                               typename Socket::endpoint_type& sender, CompletionToken&& token = {}) {
    const detail::sender_slot slot{&sender, &detail::assign_endpoint<typename Socket::endpoint_type>};
    return async_start<void(error_code, received_packet)>(
        std::forward<CompletionToken>(token),
        [handle = detail::socket_handle(socket), list = detail::buffer_list(buffers), slot](
            detail::packet_handler handler) { detail::start_receive_packet(handle, list, slot, std::move(handler)); });
}

/// Receives a packet that is there now; the value is empty where there is none. Errors: as `async_receive_packet`.
template <packet_socket Socket, typename MutableBufferSequence>
[[nodiscard]] result<std::optional<received_packet>> try_receive_packet(Socket& socket,
                                                                        const MutableBufferSequence& buffers) {
    return detail::try_receive_packet(detail::socket_handle(socket), detail::buffer_list(buffers), {});
}
template <packet_socket Socket, typename MutableBufferSequence>
[[nodiscard]] result<std::optional<received_packet>> try_receive_packet_from(Socket& socket,
                                                                             const MutableBufferSequence& buffers,
                                                                             typename Socket::endpoint_type& sender) {
    return detail::try_receive_packet(detail::socket_handle(socket), detail::buffer_list(buffers),
                                      {&sender, &detail::assign_endpoint<typename Socket::endpoint_type>});
}

}  // namespace parley
