// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// popen(3) for an event loop: a shell's command line, its lines, its status.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/process/child.hpp>
#include <parley/process/exit_status.hpp>
#include <parley/process/stop_policy.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace parley {

enum class popen_mode {
    read,        ///< "r": the command's output is ours to read
    write,       ///< "w": the command's input is ours to write
    read_write,  ///< both
};

struct popen_options {
    popen_mode mode = popen_mode::read;
    /// Standard error goes where standard output goes; otherwise it is the parent's.
    bool merge_stderr = false;
    /// The longest line that is accepted, in bytes, without its end.
    std::size_t line_limit = std::size_t{1} << 20;
    /// For a stream that leaves scope before `async_close`.
    stop_policy stop{};
};

/// A shell command under way, as a stream of lines. Moves, never copies. One thread at a time; one read and one write
/// may be under way together. Leaving scope aborts what is under way, closes both directions and runs the stop policy.
///
/// One that holds no command, because it was made so or moved from: operations end with `errc::no_child`,
/// `try_read_line` gives nothing, `close_input` does nothing, `process` throws.
class PARLEY_EXPORT process_stream {
public:
    struct impl;
    /// Holds no command.
    process_stream() noexcept;
    explicit process_stream(std::shared_ptr<impl> state) noexcept;  // for popen
    process_stream(process_stream&&) noexcept;
    process_stream& operator=(process_stream&&) noexcept;
    ~process_stream();

    /// The next line without its newline; none at the end of the output. A last line without a newline counts.
    ///
    /// Completion: `void(error_code, std::optional<std::string>)`. Errors: `errc::limit_exceeded` for a line over the
    /// limit (what was read of it is kept, every further read fails the same way), `errc::not_piped` in mode `write`,
    /// read(2). Cancellation: all types; no byte is lost. One at a time.
    template <typename CompletionToken = asio::deferred_t>
    auto async_read_line(CompletionToken&& token = {}) {
        return async_start<void(error_code, std::optional<std::string>)>(
            std::forward<CompletionToken>(token),
            [state = impl_](completion_handler<void(error_code, std::optional<std::string>)> h, const executor& on) {
                start_read_line(state, on, std::move(h));
            });
    }
    /// The next line if it has already been received whole.
    std::optional<std::string> try_read_line();

    /// Writes all of `text`, which is copied.
    ///
    /// Completion: `void(error_code, std::size_t)`, the bytes written. Errors: `broken_pipe` when the command does not
    /// read any more (never a SIGPIPE), `errc::not_piped` in mode `read`. Cancellation: all types; the count tells what
    /// was written. One at a time.
    template <typename CompletionToken = asio::deferred_t>
    auto async_write(std::string text, CompletionToken&& token = {}) {
        return async_start<void(error_code, std::size_t)>(
            std::forward<CompletionToken>(token),
            [state = impl_, text = std::move(text)](completion_handler<void(error_code, std::size_t)> h,
                                                    const executor& on) mutable {
                start_write(state, on, std::move(text), std::move(h));
            });
    }
    /// Half-close: the command sees the end of its input; its output can still be read.
    void close_input();

    /// pclose(3): closes both directions and waits for the command's end.
    ///
    /// Completion: `void(error_code, exit_status)`. A command that still writes ends by SIGPIPE, as after pclose.
    /// Cancellation: all types; may be called again.
    template <typename CompletionToken = asio::deferred_t>
    auto async_close(CompletionToken&& token = {}) {
        return async_start<void(error_code, exit_status)>(
            std::forward<CompletionToken>(token),
            [state = impl_](completion_handler<void(error_code, exit_status)> h, const executor& on) {
                start_close(state, on, std::move(h));
            });
    }

    /// False for one that holds no command.
    explicit operator bool() const noexcept { return impl_ != nullptr; }

    /// The shell's process: to signal it, to stop it. Throws `system_error(errc::no_child)` where there is none.
    child& process();

private:
    static void start_read_line(const std::shared_ptr<impl>&, const executor& on,
                                completion_handler<void(error_code, std::optional<std::string>)>);
    static void start_write(const std::shared_ptr<impl>&, const executor& on, std::string text,
                            completion_handler<void(error_code, std::size_t)>);
    static void start_close(const std::shared_ptr<impl>&, const executor& on,
                            completion_handler<void(error_code, exit_status)>);

    void leave() noexcept;

    std::shared_ptr<impl> impl_;
};

/// Runs `command_line` in /bin/sh, as `sh -c` does. The one function of parley that takes a shell: never put anybody
/// else's words into the line unquoted (`shell_quote`), and prefer `spawn` or `async_run`, which need no shell.
///
/// Errors: those of `spawn`. What the shell cannot find is its status 127, as ever. Source: popen(3).
[[nodiscard]] PARLEY_EXPORT result<process_stream> popen(const executor& io, std::string_view command_line,
                                                         popen_options options = {});

}  // namespace parley
