// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The program's own standard input and output as one stream: for a filter, a language server, an MCP server.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>

#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace parley {
namespace detail {

struct standard_streams_state;

/// The first buffer that is not empty.
template <typename Buffer, typename BufferSequence>
Buffer first_of(const BufferSequence& buffers) noexcept {
    const auto end = asio::buffer_sequence_end(buffers);
    for (auto it = asio::buffer_sequence_begin(buffers); it != end; ++it)
        if (const Buffer part(*it); part.size() != 0) return part;
    return {};
}

}  // namespace detail

struct standard_streams_options {
    /// Where standard output leads from now on, for whoever prints: true: to standard error; false: nowhere.
    bool print_to_error = true;
};

/// Takes standard input and standard output for itself: an AsyncReadStream and AsyncWriteStream that a `channel` takes.
///
///     channel messages{standard_streams(co_await asio::this_coro::executor), lines()};
///
/// From then on what somebody prints cannot get between the messages, and what a child reads is not missing from them:
/// descriptor 0 is /dev/null and descriptor 1 a copy of standard error (/dev/null where that is the same pipe or
/// socket), and so they stay. That is also why the other side sees the end when this is closed. What stdio and
/// `std::cout` hold is written first; what they have read ahead is not seen.
///
/// They may be pipes, FIFOs, terminals, sockets, /dev/null and files. No flag is ever set that others would see, so
/// nothing has to be put back, whatever ends the program: a pipe, a FIFO or a terminal is opened once more, for this
/// object alone; a socket is told with each call not to block; a file and /dev/null never do, but a slow disk holds the
/// loop up. Where the second opening is refused (to another user, or without /proc) the first is used when it is ready,
/// which blocks only if another process is quicker to read or to write there.
///
/// Once per program: whoever comes second finds what is described above. Moves, never copies; pending operations follow
/// the move. One read and one write at a time. One thread at a time. The destructor closes. Source: pipe(7), proc(5).
class PARLEY_EXPORT standard_streams {
public:
    using executor_type = executor;

    /// Throws system_error: `bad_descriptor` where one is closed, or cannot be read or written; others of open(2),
    /// fcntl(2) and epoll_ctl(2). Nothing has changed then.
    explicit standard_streams(executor io, standard_streams_options options = {});
    standard_streams(standard_streams&& other) noexcept = default;
    standard_streams& operator=(standard_streams&& other) noexcept;
    standard_streams(const standard_streams&) = delete;
    standard_streams& operator=(const standard_streams&) = delete;
    ~standard_streams();

    executor get_executor() const noexcept;
    /// False after `close`.
    bool is_open() const noexcept;

    /// Reads some bytes, into the first buffer that is not empty.
    ///
    /// Completion: `void(error_code, std::size_t)`. Errors: `asio::error::eof` at the end; `bad_descriptor` after
    /// `close` and after a move; `errc::too_many_descriptors` where descriptors came with the bytes; others of read(2).
    /// Cancellation: all types, `operation_aborted`; nothing is lost.
    template <typename MutableBufferSequence, typename CompletionToken = asio::deferred_t>
    auto async_read_some(const MutableBufferSequence& buffers, CompletionToken&& token = {}) {
        return async_start<void(error_code, std::size_t)>(
            std::forward<CompletionToken>(token),
            [this, into = detail::first_of<asio::mutable_buffer>(buffers)](
                completion_handler<void(error_code, std::size_t)> handler, const executor& own) {
                start_read(into, std::move(handler), own);
            });
    }

    /// Writes some bytes of the first buffer that is not empty.
    ///
    /// Completion: `void(error_code, std::size_t)`. Errors: `broken_pipe`, without a SIGPIPE; `bad_descriptor` after
    /// `close_writer`; others of write(2). Cancellation: all types, `operation_aborted`: nothing was written.
    template <typename ConstBufferSequence, typename CompletionToken = asio::deferred_t>
    auto async_write_some(const ConstBufferSequence& buffers, CompletionToken&& token = {}) {
        return async_start<void(error_code, std::size_t)>(
            std::forward<CompletionToken>(token),
            [this, from = detail::first_of<asio::const_buffer>(buffers)](
                completion_handler<void(error_code, std::size_t)> handler, const executor& own) {
                start_write(from, std::move(handler), own);
            });
    }

    /// Ends pending operations with `operation_aborted`.
    void cancel() noexcept;
    /// Closes the output: the other side sees the end, unless another process, or standard error, still has the same
    /// pipe. Over a socket it is told by shutdown(2), which ends it for all who share it.
    void close_writer() noexcept;
    /// Closes both; a socket is not shut down by that. Pending operations end with `operation_aborted`. Again does
    /// nothing.
    void close() noexcept;

private:
    void start_read(asio::mutable_buffer into, completion_handler<void(error_code, std::size_t)> handler,
                    const executor& own);
    void start_write(asio::const_buffer from, completion_handler<void(error_code, std::size_t)> handler,
                     const executor& own);

    std::shared_ptr<detail::standard_streams_state> state_;  // a pending operation shares it
};

}  // namespace parley
