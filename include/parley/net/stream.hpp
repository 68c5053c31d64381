// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Bytes over a stream socket of Asio's without a turn of the loop that nothing needs.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/net/socket_handle.hpp>

#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <optional>
#include <utility>

namespace parley {

/// A stream socket of Asio's, of any protocol and executor.
template <typename Socket>
concept stream_socket = requires { requires detail::type_of(static_cast<const Socket*>(nullptr)) == SOCK_STREAM; };

namespace detail {

using bytes_handler = completion_handler<void(error_code, std::size_t)>;
using receive_by_reactor = void (*)(void* socket, asio::mutable_buffer into, bytes_handler handler);

PARLEY_EXPORT result<std::optional<std::size_t>> try_send(const socket_handle& socket, const buffer_list& bytes);
PARLEY_EXPORT void start_receive(const socket_handle& socket, asio::mutable_buffer into, receive_by_reactor otherwise,
                                 bytes_handler handler, const executor& own);

template <typename Socket>
void receive_with_asio(void* socket, asio::mutable_buffer into, bytes_handler handler) {
    static_cast<Socket*>(socket)->async_receive(into, std::move(handler));
}

}  // namespace detail

/// Sends now what there is room for, the whole or a part; the value is empty where there is no room at all.
///
/// `asio::async_write` costs a turn of the loop, also where the socket takes everything at once, as it mostly does:
///
///     const auto sent = parley::try_send(socket, asio::buffer(text)).value().value_or(0);
///     if (sent != text.size()) {
///         co_await asio::async_write(socket, asio::buffer(text) + sent, asio::use_awaitable);
///     }
///
/// Errors: `broken_pipe`, never SIGPIPE; `bad_descriptor` for a closed socket; others of send(2). Not while an
/// asynchronous send is under way. Source: send(2).
template <stream_socket Socket, typename ConstBufferSequence>
[[nodiscard]] result<std::optional<std::size_t>> try_send(Socket& socket, const ConstBufferSequence& buffers) {
    return detail::try_send(detail::socket_handle(socket), detail::buffer_list(buffers));
}

/// Receives what is there, at least a byte, as `socket.async_receive` does. While an `event_loop` polls, it looks at
/// the socket itself, which saves the way through epoll(7): see `event_loop_options::busy_poll`. Otherwise it is
/// Asio's.
///
/// Completion: `void(error_code, std::size_t)`. Errors: `asio::error::eof` at the end of the stream; others of recv(2),
/// such as `connection_reset`. Cancellation: all types, by a cancellation slot; what is there comes before it. `close`
/// of the socket ends it with `operation_aborted`; `socket.cancel()` may not reach it. Until completion the socket must
/// not be moved, destroyed or opened again, and the bytes must stay. One receive at a time, beside one send. Source:
/// recv(2).
template <stream_socket Socket, typename CompletionToken = asio::deferred_t>
auto async_receive(Socket& socket, asio::mutable_buffer into, CompletionToken&& token = {}) {
    return async_start<void(error_code, std::size_t)>(
        std::forward<CompletionToken>(token),
        [handle = detail::socket_handle(socket), into](detail::bytes_handler handler, const executor& own) {
            detail::start_receive(handle, into, &detail::receive_with_asio<Socket>, std::move(handler), own);
        });
}

}  // namespace parley
