// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Pipes whose ends are Asio I/O objects, and a writing end that no SIGPIPE can kill.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/core/unique_fd.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/readable_pipe.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

#include <sys/uio.h>

namespace parley {
namespace detail {

struct pipe_writer_state;

/// The first buffers of a sequence that are not empty, as writev(2) takes them.
struct write_parts {
    std::array<iovec, 16> parts;
    int count = 0;

    template <typename ConstBufferSequence>
    explicit write_parts(const ConstBufferSequence& buffers) noexcept {
        const auto end = asio::buffer_sequence_end(buffers);
        for (auto it = asio::buffer_sequence_begin(buffers); it != end && count < static_cast<int>(parts.size());
             ++it) {
            const asio::const_buffer part(*it);
            if (part.size() != 0)
                parts[static_cast<std::size_t>(count++)] = {const_cast<void*>(part.data()), part.size()};
        }
    }
};

}  // namespace detail

/// The writing end of a pipe or FIFO: an Asio I/O object (AsyncWriteStream, SyncWriteStream) for `asio::async_write`
/// and everything built on it.
///
/// A write that nobody can read any more is `asio::error::broken_pipe`, never a death by SIGPIPE, whatever the
/// disposition of that signal is. Moves, never copies; pending writes follow the move. One write at a time; distinct
/// objects are safe in distinct threads, one object is not. The descriptor is switched to non-blocking, which everybody
/// who shares the open file sees. Source: pipe(7).
class PARLEY_EXPORT pipe_writer {
public:
    using executor_type = executor;
    using native_handle_type = int;

    /// Holds no pipe.
    explicit pipe_writer(executor io) noexcept : executor_(std::move(io)) {}
    /// Takes over `fd`. Throws system_error as `assign` reports.
    pipe_writer(executor io, unique_fd fd);
    pipe_writer(pipe_writer&& other) noexcept;
    pipe_writer& operator=(pipe_writer&& other) noexcept;
    pipe_writer(const pipe_writer&) = delete;
    pipe_writer& operator=(const pipe_writer&) = delete;
    /// Closes.
    ~pipe_writer();

    const executor_type& get_executor() const noexcept { return executor_; }
    /// The number, on loan; -1 without a pipe.
    native_handle_type native_handle() const noexcept;
    bool is_open() const noexcept { return state_ != nullptr; }

    /// Takes over `fd`, closing what is held. A regular file or a terminal will do, too. Errors: `bad_descriptor`;
    /// those of epoll_ctl(2). On an error `fd` is closed and the object holds nothing.
    result<void> assign(unique_fd fd);
    /// Gives the descriptor away, non-blocking as it is. A pending write ends with `operation_aborted`.
    [[nodiscard]] unique_fd release() noexcept;

    /// Ends the pending write with `operation_aborted`; the pipe stays open.
    void cancel() noexcept;
    /// Closes the pipe: once what it holds is read, the reader sees the end. A pending write ends with
    /// `operation_aborted`. Again does nothing.
    void close() noexcept;

    /// Writes some bytes of `buffers`, at least one unless there is none; waits for room while the pipe is full.
    ///
    /// Completion: `void(error_code, std::size_t)`, the bytes that went into the pipe. Takes up to 16 buffers at a
    /// time; `asio::async_write` writes all. Errors: `broken_pipe`; `bad_descriptor` without a pipe; others of
    /// write(2). Cancellation: all types; a cancelled write has written nothing (`operation_aborted`, 0), a write that
    /// had written something completes with its count.
    template <typename ConstBufferSequence, typename CompletionToken = asio::deferred_t>
    auto async_write_some(const ConstBufferSequence& buffers, CompletionToken&& token = {}) {
        return async_start<void(error_code, std::size_t)>(
            std::forward<CompletionToken>(token),
            [this, parts = detail::write_parts(buffers)](completion_handler<void(error_code, std::size_t)> handler) {
                start_write(parts, std::move(handler));
            });
    }

    /// The same, blocking the calling thread while the pipe is full.
    template <typename ConstBufferSequence>
    std::size_t write_some(const ConstBufferSequence& buffers, error_code& ec) {
        return write_now(detail::write_parts(buffers), ec);
    }
    /// Throws system_error.
    template <typename ConstBufferSequence>
    std::size_t write_some(const ConstBufferSequence& buffers) {
        error_code ec;
        const std::size_t n = write_some(buffers, ec);
        if (ec) throw_exception_from_error(error(ec, "write to pipe"), BOOST_CURRENT_LOCATION);
        return n;
    }

private:
    void start_write(const detail::write_parts& parts, completion_handler<void(error_code, std::size_t)> handler);
    std::size_t write_now(const detail::write_parts& parts, error_code& ec);

    executor executor_;
    std::shared_ptr<detail::pipe_writer_state> state_;  // a pending write shares it
};

struct pipe_options {
    /// Bytes the pipe holds before a writer has to wait; the kernel rounds up to a power of two of pages. 0: its
    /// default, which may be less than 64 KiB for a user with many pipes.
    std::size_t capacity = 0;
};

/// Both ends of a pipe.
struct pipe_pair {
    asio::readable_pipe reader;
    pipe_writer writer;
};

/// Makes a pipe for use within this process: both ends close-on-exec from birth, non-blocking, numbered 3 or higher.
/// (The mode belongs to the open file: a child that is given an end sees it non-blocking, too. See
/// `make_pipe_descriptors`.)
///
/// Errors, each naming the step: `too_many_files_open` and others of pipe2(2); for the capacity
/// `errc::invalid_argument`, or `operation_not_permitted` above /proc/sys/fs/pipe-max-size. Source: pipe(2), fcntl(2).
[[nodiscard]] PARLEY_EXPORT result<pipe_pair> make_pipe(executor io, pipe_options options = {});

/// Both ends of a pipe as descriptors.
struct pipe_descriptors {
    unique_fd reader;
    unique_fd writer;
};

/// Makes a pipe whose ends block, close-on-exec and numbered 3 or higher: to give to a child (`command::descriptors`,
/// `stdio::descriptor`), which expects a blocking one. The end that stays here goes into a `pipe_writer` or an
/// `asio::readable_pipe`; each end has a mode of its own, so the child's goes on blocking. Errors: as `make_pipe`.
[[nodiscard]] PARLEY_EXPORT result<pipe_descriptors> make_pipe_descriptors(pipe_options options = {});

/// The capacity in bytes of the pipe or FIFO behind `fd`, either end. Errors: fcntl(2), F_GETPIPE_SZ.
[[nodiscard]] PARLEY_EXPORT result<std::size_t> pipe_capacity(int fd);

}  // namespace parley
