// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Pipes with a name in the file system, opened without blocking the loop.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/pipe/pipe.hpp>

#include <boost/asio/readable_pipe.hpp>

#include <string>
#include <utility>

#include <sys/types.h>

namespace parley {

/// Makes a FIFO with exactly `mode`, whatever the umask; it never has more rights than that, not for a moment.
///
/// Errors, with the path as context: `file_exists`, whatever is there; `no_such_file_or_directory`; others of mkfifo(3)
/// and chmod(2); `errc::invalid_argument` for a mode beyond 07777 or a path with a NUL inside. A FIFO that could not
/// get its mode is removed again; what has taken its place meanwhile stays as it is, and is `errc::not_a_fifo`. Source:
/// mkfifo(3), fifo(7).
[[nodiscard]] PARLEY_EXPORT result<void> make_fifo(const std::string& path, mode_t mode = 0600);

struct fifo_options {
    /// The reader holds a writing end, too: writers come and go, and the stream never ends. Needs the right to write.
    bool keep_open = false;
};

namespace detail {

PARLEY_EXPORT void start_open_fifo_reader(executor io, std::string path, fifo_options options,
                                          completion_handler<void(error_code, asio::readable_pipe)> handler);
PARLEY_EXPORT void start_open_fifo_writer(executor io, std::string path,
                                          completion_handler<void(error_code, pipe_writer)> handler);

}  // namespace detail

/// Opens the FIFO at `path` for reading, without blocking.
///
/// Completion: `void(error_code, asio::readable_pipe)`, once a writer has written or has come and gone; with
/// `keep_open` at once. Linux does not tell a reader of a writer that has opened the FIFO and is silent. The stream
/// ends
/// (`asio::error::eof`) when its last writer has closed. Errors: `no_such_file_or_directory`, `permission_denied` and
/// others of open(2); `errc::not_a_fifo` for anything but a FIFO; `too_many_symbolic_link_levels` (ELOOP) where the
/// last part of the path is a symbolic link. Cancellation: all types; the FIFO is closed again, and what a writer has
/// put into it by then is lost unless another reader has it open. Any number may run at once.
template <typename CompletionToken = asio::deferred_t>
auto async_open_fifo_reader(executor io, std::string path, fifo_options options, CompletionToken&& token = {}) {
    using signature = void(error_code, asio::readable_pipe);
    return async_start<signature>(
        std::forward<CompletionToken>(token),
        [io = std::move(io), path = std::move(path), options](completion_handler<signature> handler) {
            detail::start_open_fifo_reader(io, path, options, std::move(handler));
        });
}

/// Opens the FIFO at `path` for writing; waits, without blocking, until a reader has it open.
///
/// Completion: `void(error_code, pipe_writer)`. It waits with inotify(7), and with a timer of 1 to 100 ms where there
/// is none left or the FIFO may not be read. A FIFO that is replaced while it waits is followed: what the path names
/// counts. Errors and cancellation as for the reader, but nothing can be lost. Any number may run at once.
template <typename CompletionToken = asio::deferred_t>
auto async_open_fifo_writer(executor io, std::string path, CompletionToken&& token = {}) {
    using signature = void(error_code, pipe_writer);
    return async_start<signature>(std::forward<CompletionToken>(token),
                                  [io = std::move(io), path = std::move(path)](completion_handler<signature> handler) {
                                      detail::start_open_fifo_writer(io, path, std::move(handler));
                                  });
}

}  // namespace parley
