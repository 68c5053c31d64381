// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Calls in both directions over a channel.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/timer.hpp>
#include <parley/message/any_channel.hpp>
#include <parley/rpc/export.hpp>
#include <parley/rpc/peer.hpp>
#include <parley/rpc/protocol.hpp>
#include <parley/rpc/router.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace parley::rpc {

struct connection_options {
    rpc::protocol protocol{};
    /// How long a call waits for its answer, unless it says otherwise; 0: as long as it takes.
    saturated<std::chrono::steady_clock::duration> deadline{0};

    /// The most calls of this side that wait for an answer; another one fails at once with `errc::too_many_calls`.
    std::size_t calls_waiting = 65536;
    /// The most calls and notifications of the other side whose functions run at once; `when_full` says what becomes of
    /// another one.
    std::size_t calls_running = 1024;
    /// The most calls and notifications of the other side in a second, on average, with bursts of as many; beyond that
    /// it is the same. 0: any number.
    double calls_per_second = 0;
    /// What becomes of a call or a notification beyond these two limits.
    ///
    /// `fail`: a call is answered with the fault "busy", a notification is dropped. Both are counted.
    /// `wait`: it waits for its turn, in order. The connection reads one more message and stops: the other side is
    /// slowed down, and nothing is refused. For calls that come from a file or a pipe. Only calls and notifications
    /// wait: answers, partial results and cancellations take effect when they are read, though they lie behind a call
    /// in its batch. A cancellation ends a call that waits, too. The deadline of a call counts from its arrival; a call
    /// that waits beyond it is answered with the fault "cancelled". While calls of this side wait for their answers
    /// reading goes on; then calls that take `unsent_bytes` bytes of memory wait here, and more of them are refused.
    /// When the connection ends, what waits is dropped: at once where the socket is closed as a whole and the kernel
    /// tells it. With `calls_running` 0 all are refused. The others: as `fail`; a call is not dropped without an
    /// answer.
    full_queue when_full = full_queue::fail;
    /// The most messages in a batch of JSON-RPC; the calls in a larger one are answered with one fault, and answers in
    /// it are taken. Answers of a batch that have no room in one message become faults.
    std::size_t batch_calls = 1024;
    /// The most messages in a row in which nothing of the protocol is recognized, such as lines that a child prints for
    /// people; then the connection ends, and `failure()` names the first of them. A connection that serves nothing
    /// does not answer them. No value: any number. In MessagePack-RPC and varlink, which have no answer to such a
    /// message, it is the first that ends the connection.
    std::optional<std::size_t> invalid_messages = 16;
    /// The most bytes of a message, in both directions. A call that is larger fails, a result that is larger is
    /// answered with a fault. What comes and is larger ends the connection.
    std::size_t message_bytes = default_message_limit;
    /// When more bytes of answers than this wait for a caller who does not read, or for the rest of their batches, no
    /// more calls are read from him. While calls of this side wait for him, reading goes on, up to sixteen times as
    /// many bytes; then the connection ends. Answers in unfinished batches become faults beyond eight times as many.
    std::size_t unsent_bytes = std::size_t{4} << 20;
    /// How long handlers may go on, and their answers may take, when the other side has ended its stream: it may still
    /// read, as those do who pipe calls into a program. Calls that wait for their turn have it from then on. And how
    /// long, at most two seconds, the other side is heard when it takes nothing more that is sent. Then the connection
    /// ends. One whose socket is closed as a whole is not waited for, where the kernel tells (UNIX sockets). 0: nobody
    /// is.
    saturated<std::chrono::steady_clock::duration> last_answers{std::chrono::seconds(2)};
};

/// How a connection that was lost is made again: after a pause that doubles with each attempt that fails, by chance a
/// little shorter or longer.
struct reconnect_options {
    saturated<std::chrono::steady_clock::duration> first_pause{std::chrono::milliseconds(50)};
    saturated<std::chrono::steady_clock::duration> longest_pause{std::chrono::seconds(10)};
    /// How often in a row it is tried; then the connection ends. 0: for ever.
    std::size_t attempts = 0;
    /// Called each time it has connected again, before calls that wait are sent: to greet, to subscribe once more.
    std::function<void(const peer&)> on_connect{};
};

/// A connection on which both sides call each other, for as long as this object lives.
///
/// It reads as long as it is open: answers complete calls, and calls of the other side are served by the router. When
/// it ends, for whatever reason, calls that wait fail with `errc::disconnected`, and handlers that run are cancelled.
///
/// Moves, never copies. The destructor closes. One thread at a time.
class PARLEY_RPC_EXPORT connection : public peer {
public:
    /// None, as one that was moved from: every operation completes with `bad_descriptor`, on the executor of its
    /// handler.
    connection() noexcept;
    /// Over a channel with the framing of the protocol (`protocol::make_channel`), whatever carries messages.
    explicit connection(any_channel channel);
    connection(any_channel channel, router calls);
    connection(any_channel channel, router calls, const connection_options& options);
    /// Over a stream: a child's standard streams, a socket. `connect` makes one from an address.
    ///
    ///     rpc::connection server(stream_pair(std::move(child.out()), std::move(child.in())), calls,
    ///                            {.protocol = rpc::message_pack_rpc()});
    template <typename Stream>
        requires(!std::convertible_to<Stream, any_channel>) && requires { typename Stream::executor_type; }
    connection(Stream stream, router calls, const connection_options& options)
        : connection(options.protocol.make_channel(std::move(stream), {}, options.message_bytes), std::move(calls),
                     options) {}
    template <typename Stream>
        requires(!std::convertible_to<Stream, any_channel>) && requires { typename Stream::executor_type; }
    connection(Stream stream, router calls) : connection(std::move(stream), std::move(calls), connection_options()) {}
    template <typename Stream>
        requires(!std::convertible_to<Stream, any_channel>) && requires { typename Stream::executor_type; }
    explicit connection(Stream stream) : connection(std::move(stream), router(), connection_options()) {}
    connection(connection&& other) noexcept;
    connection& operator=(connection&& other) noexcept;
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection();

    /// The other side, as a value that may be kept.
    const rpc::peer& peer() const noexcept { return *this; }

    /// Waits for the end of the connection.
    ///
    /// Completion: `void(error_code)`: success when the other side has ended it, or this side by `async_shutdown`;
    /// otherwise why it ended, `operation_aborted` after `close`. Cancellation: all types, `operation_aborted`. Any
    /// number may run at once.
    template <typename CompletionToken = asio::deferred_t>
    auto async_wait(CompletionToken&& token = {}) {
        return async_start<void(error_code)>(
            std::forward<CompletionToken>(token),
            [state = state_](completion_handler<void(error_code)> handler) { start_wait(state, std::move(handler)); });
    }

    /// Sends what is queued, then tells the other side that nothing more comes: for a child that ends with its standard
    /// input. Calls that wait are still answered, and `async_wait` ends when the other side has ended, too. This side
    /// makes no more calls (`errc::disconnected`), and cannot answer any.
    ///
    /// Completion: `void(error_code)`, when the end was sent. Errors: as `any_channel::async_end`; `errc::disconnected`
    /// where the connection has ended, `not_connected` while it is made again. Cancellation: all types,
    /// `operation_aborted`; the end is sent all the same.
    template <typename CompletionToken = asio::deferred_t>
    auto async_end(CompletionToken&& token = {}) {
        return async_start<void(error_code)>(
            std::forward<CompletionToken>(token),
            [state = state_](completion_handler<void(error_code)> handler) { start_end(state, std::move(handler)); });
    }

    /// Serves no new calls (they are answered with the fault "busy"), waits for the handlers that run, sends what is
    /// queued, and closes. Calls of this side that wait then fail.
    ///
    /// Completion: `void(error_code)`. Errors: what kept the last answers from leaving, or ended the connection
    /// meanwhile; none where it had ended before. Cancellation: all types, `operation_aborted`: it is closed at once.
    /// Use `with_timeout` to bound it.
    template <typename CompletionToken = asio::deferred_t>
    auto async_shutdown(CompletionToken&& token = {}) {
        return async_start<void(error_code)>(std::forward<CompletionToken>(token),
                                             [state = state_](completion_handler<void(error_code)> handler) {
                                                 start_shutdown(state, std::move(handler));
                                             });
    }

    /// Ends the connection at once. Again does nothing.
    void close() noexcept;

    /// Why the connection ended, with the place; no error while it works and after a clean end.
    const error& failure() const noexcept;

private:
    using shared_session = std::shared_ptr<detail::session>;
    static void start_wait(const shared_session& state, completion_handler<void(error_code)> handler);
    static void start_end(const shared_session& state, completion_handler<void(error_code)> handler);
    static void start_shutdown(const shared_session& state, completion_handler<void(error_code)> handler);
};

}  // namespace parley::rpc
