// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Bytes with open descriptors beside them, over UNIX sockets of every type.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/core/unique_fd.hpp>
#include <parley/net/local.hpp>
#include <parley/net/peer.hpp>
#include <parley/net/socket_handle.hpp>

#include <boost/asio/buffer.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace parley {

/// What the kernel takes with one message.
inline constexpr std::size_t most_fds_per_message = 253;

/// A socket of Asio's that can carry descriptors: of a protocol for UNIX sockets, or a generic one, of which it turns
/// out at the first call.
template <typename Socket>
concept fd_socket =
    local_protocol<typename Socket::protocol_type> || std::constructible_from<typename Socket::protocol_type, int, int>;

struct receive_options {
    /// How many descriptors are welcome with one message; more are an error. 0 for none at all.
    std::size_t most_fds = most_fds_per_message;
};

/// What one receive has brought.
struct received_message {
    std::size_t size = 0;                    ///< bytes that are in the buffers now
    bool end = false;                        ///< the other side has ended: nothing will come any more
    std::vector<unique_fd> fds{};            ///< close-on-exec, numbered 3 or higher, in the order of the sender
    std::optional<peer_credentials> sender;  ///< where `pass_credentials` is set; groups stay empty
    unique_fd sender_pidfd{};                ///< where `pass_pidfd` is set
};

namespace detail {

using send_handler = completion_handler<void(error_code, std::size_t)>;
using receive_handler = completion_handler<void(error_code, received_message)>;

PARLEY_EXPORT void start_send_with_fds(const socket_handle& socket, const buffer_list& buffers,
                                       std::span<const int> fds, send_handler handler);
PARLEY_EXPORT void start_receive_with_fds(const socket_handle& socket, const buffer_list& buffers,
                                          receive_options options, receive_handler handler);
PARLEY_EXPORT result<std::optional<std::size_t>> try_send_with_fds(const socket_handle& socket,
                                                                   const buffer_list& buffers,
                                                                   std::span<const int> fds);
PARLEY_EXPORT result<std::optional<received_message>> try_receive_with_fds(const socket_handle& socket,
                                                                           const buffer_list& buffers,
                                                                           receive_options options);
PARLEY_EXPORT result<bool> refuse_descriptors(int socket);

}  // namespace detail

/// Sends all of `buffers` and, beside them, up to 253 open descriptors, which the receiver gets as descriptors of its
/// own for the same open files.
///
/// On a stream the descriptors go once, with the first byte, however many steps the bytes take; there must be a byte.
/// On datagram sockets, which must be connected, and on seqpackets all is one packet, which may be empty. The
/// descriptors are lent: they stay open here and must do so until completion, as must the socket, the bytes, and until
/// the operation has begun the numbers.
///
/// Completion: `void(error_code, std::size_t)`, the bytes that went; if any, the descriptors have gone, too. Errors,
/// with nothing sent: `errc::too_many_descriptors`; `errc::invalid_argument` for descriptors without a byte on a stream
/// and for a socket that is not a UNIX one; `bad_descriptor` for a number that is not open and for a closed socket;
/// EPERM where the receiver refuses descriptors (Linux 6.16); ETOOMANYREFS while more descriptors of this user than
/// RLIMIT_NOFILE are on their way. At any time: `broken_pipe`, never SIGPIPE; `message_size` for a packet that is too
/// large; others of sendmsg(2). Cancellation: all types; `operation_aborted` with the bytes that went, and a stream
/// that carries frames is of no use any more if they are not all. `close` of the socket ends it with
/// `operation_aborted`; `socket.cancel()` ends it while it waits, and may not reach it between two tries. One send at a
/// time, beside one receive. Source: unix(7), SCM_RIGHTS.
template <fd_socket Socket, typename ConstBufferSequence, typename CompletionToken = asio::deferred_t>
auto async_send_with_fds(Socket& socket, const ConstBufferSequence& buffers, std::span<const int> fds,
                         CompletionToken&& token = {}) {
    return async_start<void(error_code, std::size_t)>(
        std::forward<CompletionToken>(token),
        [handle = detail::socket_handle(socket), list = detail::buffer_list(buffers),
         fds](detail::send_handler handler) { detail::start_send_with_fds(handle, list, fds, std::move(handler)); });
}

/// Receives what is there, at least a byte or a packet, with the descriptors beside it.
///
/// On a stream the descriptors come with the first byte of their send that is received. No byte that was sent after
/// that call comes in the same receive, but bytes that were sent before it, without descriptors, may. So they belong to
/// the frame of the last byte, where each frame with descriptors is sent in a call of its own. On packets they belong
/// to the packet, and an empty packet is told from the end of a seqpacket connection.
///
/// Completion: `void(error_code, received_message)`. Each descriptor has an owner from the moment it is in this
/// process. Errors close every descriptor of the message, while `size` says how many of its bytes are in the buffers:
/// `errc::too_many_descriptors` for more than are welcome; `errc::descriptors_lost` where some of them did not make it
/// into this process, because it has as many as it may (RLIMIT_NOFILE) or a security module said no; `message_size`
/// for a packet that the buffers cannot hold, the rest of which is lost. Others of recvmsg(2), such as
/// `connection_reset`. Cancellation: all types; nothing is lost. `close` and `socket.cancel()`: as for the send. One
/// receive at a time, beside one send, for which the socket and the buffers must live. Source: unix(7), recvmsg(2),
/// MSG_CMSG_CLOEXEC.
template <fd_socket Socket, typename MutableBufferSequence, typename CompletionToken = asio::deferred_t>
auto async_receive_with_fds(Socket& socket, const MutableBufferSequence& buffers, receive_options options,
                            CompletionToken&& token = {}) {
    return async_start<void(error_code, received_message)>(
        std::forward<CompletionToken>(token),
        [handle = detail::socket_handle(socket), list = detail::buffer_list(buffers),
         options](detail::receive_handler handler) {
            detail::start_receive_with_fds(handle, list, options, std::move(handler));
        });
}

/// The same with up to 253 descriptors.
template <fd_socket Socket, typename MutableBufferSequence, typename CompletionToken = asio::deferred_t>
    requires(!std::convertible_to<CompletionToken, receive_options>)
auto async_receive_with_fds(Socket& socket, const MutableBufferSequence& buffers, CompletionToken&& token = {}) {
    return async_receive_with_fds(socket, buffers, receive_options{}, std::forward<CompletionToken>(token));
}

/// Sends now, or nothing where there is no room: then the value is empty. A stream may take a part of the bytes, with
/// which the descriptors have gone; send the rest without them. Errors: as `async_send_with_fds`.
template <fd_socket Socket, typename ConstBufferSequence>
[[nodiscard]] result<std::optional<std::size_t>> try_send_with_fds(Socket& socket, const ConstBufferSequence& buffers,
                                                                   std::span<const int> fds) {
    return detail::try_send_with_fds(detail::socket_handle(socket), detail::buffer_list(buffers), fds);
}

/// Receives what is there now; the value is empty where there is nothing. Errors: as `async_receive_with_fds`; how many
/// bytes came with them is not told.
template <fd_socket Socket, typename MutableBufferSequence>
[[nodiscard]] result<std::optional<received_message>> try_receive_with_fds(Socket& socket,
                                                                           const MutableBufferSequence& buffers,
                                                                           receive_options options = {}) {
    return detail::try_receive_with_fds(detail::socket_handle(socket), detail::buffer_list(buffers), options);
}

/// Lets the kernel refuse descriptors that others want to send to `socket`: they get EPERM. Sockets that a listener
/// accepts take this from it.
///
/// True: it does. False: it cannot (before Linux 6.16); then receive with `most_fds = 0`. Errors: getsockopt(2).
/// Source: SO_PASSRIGHTS.
template <fd_socket Socket>
[[nodiscard]] result<bool> refuse_descriptors(Socket& socket) {
    return detail::refuse_descriptors(static_cast<int>(socket.native_handle()));
}

}  // namespace parley
