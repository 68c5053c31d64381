// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A pseudo-terminal as an Asio stream.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/core/unique_fd.hpp>
#include <parley/process/pty_options.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstddef>
#include <utility>

namespace parley {
namespace detail {

/// A program that reads or writes the other side of a terminal has gone: the kernel says EIO, a stream says its end.
PARLEY_EXPORT error_code end_of_terminal(const error_code& ec) noexcept;

}  // namespace detail

/// The leading side of a pseudo-terminal (the "master"): what is written is the keyboard of the program on the other
/// side, what is read is its screen. An Asio I/O object (AsyncReadStream, AsyncWriteStream) for `async_read_until`,
/// `async_write` and everything built on them. Moves, never copies. One read and one write at a time; distinct objects
/// are safe in distinct threads, one object is not. Source: pty(7).
class PARLEY_EXPORT pty {
public:
    using executor_type = executor;
    using native_handle_type = int;

    /// Takes over a leading side. Throws system_error.
    pty(const executor& io, unique_fd leader);
    pty(pty&&) noexcept = default;
    pty& operator=(pty&&) noexcept = default;

    executor get_executor() noexcept { return descriptor_.get_executor(); }
    /// The number, on loan; -1 when closed.
    native_handle_type native_handle() noexcept;
    bool is_open() const noexcept { return descriptor_.is_open(); }

    /// Reads what the program wrote.
    ///
    /// Completion: `void(error_code, std::size_t)`. The end of the stream (`asio::error::eof`) is the hang-up: nobody
    /// has the other side open any more. What was written before it is read first. Errors: `operation_aborted`, others
    /// of read(2). Cancellation: all types; nothing is lost.
    template <typename MutableBufferSequence, typename CompletionToken = asio::deferred_t>
    auto async_read_some(const MutableBufferSequence& buffers, CompletionToken&& token = {}) {
        return async_start<void(error_code, std::size_t)>(
            std::forward<CompletionToken>(token),
            [this, buffers](completion_handler<void(error_code, std::size_t)> handler) {
                descriptor_.async_read_some(
                    buffers, detail::map_handler(std::move(handler), [](auto h, error_code ec, std::size_t n) {
                        std::move(h)(detail::end_of_terminal(ec), n);
                    }));
            });
    }

    /// Types.
    ///
    /// Completion: `void(error_code, std::size_t)`. With the line discipline on, a line longer than 4,095 bytes is cut
    /// by the kernel. Errors: `operation_aborted`, `broken_pipe` where nobody has the other side open, others of
    /// write(2). Cancellation: all types.
    template <typename ConstBufferSequence, typename CompletionToken = asio::deferred_t>
    auto async_write_some(const ConstBufferSequence& buffers, CompletionToken&& token = {}) {
        return async_start<void(error_code, std::size_t)>(
            std::forward<CompletionToken>(token),
            [this, buffers](completion_handler<void(error_code, std::size_t)> handler) {
                descriptor_.async_write_some(
                    buffers, detail::map_handler(std::move(handler), [](auto h, error_code ec, std::size_t n) {
                        std::move(h)(detail::end_of_terminal(ec) == asio::error::eof ? asio::error::broken_pipe : ec,
                                     n);
                    }));
            });
    }

    /// The size the program is told; a change sends SIGWINCH to its foreground group. Errors: ioctl_tty(2).
    [[nodiscard]] result<void> resize(window_size size);
    [[nodiscard]] result<window_size> size();

    /// Ends pending operations with `operation_aborted`.
    void cancel() noexcept;
    /// Hangs up: SIGHUP to the session on the other side, and the end of its input. Again does nothing.
    void close() noexcept;

private:
    asio::posix::stream_descriptor descriptor_;
};

/// Both sides of a new pseudo-terminal; the other side is an ordinary descriptor for a child (`stdio::descriptor`).
/// For a child of one's own `stdio::pty()` does it all.
struct pty_pair {
    pty leader;
    unique_fd follower;
};

/// Both sides close-on-exec from birth. Errors, naming the step: posix_openpt(3), ioctl_tty(2).
[[nodiscard]] PARLEY_EXPORT result<pty_pair> make_pty(const executor& io, pty_options options = {});

}  // namespace parley
