// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Flags for single sends and receives that Asio lacks, and the mark of urgent data.
#pragma once

#include <parley/core/error.hpp>
#include <parley/core/export.hpp>

#include <boost/asio/socket_base.hpp>

#include <sys/socket.h>

namespace parley {

/// Flags for `send`, `receive` and their like of Asio's sockets, to be combined with `|` with Asio's own:
/// `socket_base::message_peek` (look and leave it there), `message_out_of_band` (the urgent byte),
/// `message_do_not_route` (directly attached networks only), `message_end_of_record`.
///
///     socket.send(asio::buffer(header), parley::message_more);
///
/// Source: send(2), recv(2).
using message_flags = asio::socket_base::message_flags;

/// Once, without waiting, where the socket would block: `would_block`. Asio's own synchronous functions wait for
/// readiness by themselves where the socket was not set to `non_blocking`, so this is for a socket that was.
inline constexpr message_flags message_dont_wait = MSG_DONTWAIT;
/// Receive: on a stream, not before the buffers are full, the other side has ended, or a signal comes. It blocks the
/// thread; Asio's asynchronous operations take no notice and may bring less: they have `asio::async_read`.
inline constexpr message_flags message_wait_all = MSG_WAITALL;
/// Send: there is more to come at once. TCP waits for it to fill its segments; UDP makes one datagram of this and the
/// following sends up to the one without the flag. For long stretches: `tcp_cork`.
inline constexpr message_flags message_more = MSG_MORE;
/// Send: no SIGPIPE where nobody receives any more. Asio always adds it.
inline constexpr message_flags message_no_signal = MSG_NOSIGNAL;
/// Receive: give the true size of a packet, also where it was cut. Asio passes the number on, which may be greater than
/// the buffer. `async_receive_packet` reports both.
inline constexpr message_flags message_truncate = MSG_TRUNC;
/// Send: the other side was heard from, so its address on the link need not be asked for again.
inline constexpr message_flags message_confirm = MSG_CONFIRM;
/// Receive: what is in the queue of errors, such as ICMP messages that came back. Asio cannot show their control
/// messages.
inline constexpr message_flags message_error_queue = MSG_ERRQUEUE;

namespace detail {
PARLEY_EXPORT result<bool> at_urgent_mark(int socket);
}

/// Whether the next byte of this TCP stream is the one behind the urgent mark.
///
/// One byte can be sent as urgent: `socket.send(asio::buffer(&byte, 1), asio::socket_base::message_out_of_band)`. The
/// receiver waits for it with `socket.async_wait(socket_base::wait_error)`, which the kernel reports as EPOLLPRI, and
/// takes it with the same flag; or it sets `socket_base::out_of_band_inline` and finds it in its place in the stream.
/// A receive never reads across the mark: read until this says true, and everything before the urgent byte was read.
/// A second urgent byte before the first was taken puts the first into the stream. RFC 6093 advises against all of
/// this in new protocols. Also for UNIX streams where the kernel has it (Linux 5.15).
///
/// Errors: `bad_descriptor`; ENOTTY and others of ioctl(2) for other sockets. Source: sockatmark(3), tcp(7), RFC 6093.
template <typename Socket>
[[nodiscard]] result<bool> at_urgent_mark(Socket& socket) {
    return detail::at_urgent_mark(static_cast<int>(socket.native_handle()));
}

}  // namespace parley
