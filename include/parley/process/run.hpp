// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Start a program, feed it, capture what it says, wait for its end: one call.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/core/timer.hpp>
#include <parley/process/command.hpp>
#include <parley/process/exit_report.hpp>
#include <parley/process/exit_status.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace parley {

/// What happens when a captured stream reaches its limit.
enum class capture_overflow {
    fail,       ///< the child is stopped and the call ends with `errc::limit_exceeded`
    keep_head,  ///< the first bytes are kept, the rest is read and thrown away; `truncated` says so
    keep_tail,  ///< the last bytes are kept (in up to twice the memory); `truncated` says so
};

struct run_options {
    /// Written to the child's standard input, which is then closed. A child that does not read it all is no error.
    std::string input{};
    /// The most bytes kept of each stream.
    std::size_t output_limit = std::size_t{16} << 20;
    std::size_t error_limit = std::size_t{16} << 20;
    capture_overflow on_overflow = capture_overflow::fail;
    /// How long the whole may take; then the child is stopped by the command's policy and the call ends with
    /// `asio::error::timed_out`. None: as long as it takes.
    std::optional<saturated<std::chrono::milliseconds>> timeout{};
    /// How long to go on reading after the child has ended, while a descendant of it keeps a pipe open.
    saturated<std::chrono::milliseconds> drain_grace{250};
};

/// What a program said and how it ended.
struct run_result {
    exit_status status{};
    std::string out{};
    std::string err{};
    bool out_truncated = false;  ///< more came than the limit
    bool err_truncated = false;
    /// The streams ended by themselves. False: the child has ended, but a descendant held a pipe open past the grace,
    /// and what it writes later is not in here.
    bool drained = true;
    /// All else that is known of the end.
    exit_report report{};
    /// Where the call ended with an error: that error with the program and, where one failed, the stream.
    /// "run /bin/sh: standard error: more than the limit allows".
    error failure{};
};

namespace detail {
PARLEY_EXPORT void start_run(const executor& io, command what, run_options options,
                             completion_handler<void(error_code, run_result)> handler);
}

/// Runs `what` to its end. Its standard output and error are captured, both at once, so neither can block the other;
/// its standard input reads `options.input`. Streams that the command leads elsewhere (a file, /dev/null, stderr into
/// stdout) stay as they are and are not captured; only `stdio::inherit()`, the default, means "capture" here.
///
/// Completion: `void(error_code, run_result)`. A program that ends with a code or by a signal is a result, not an
/// error. Errors: those of `spawn`, `errc::limit_exceeded`, `timed_out`, read(2) and write(2); with an error the result
/// holds what was captured until then (take it with `as_tuple`), and `failure` names the program and the stream. The
/// first that fails is the cause: what it cancels is not told. Cancellation: all types; the child is stopped by the
/// command's policy and reaped before `operation_aborted` is reported, which takes up to the grace. Any number may run
/// at once. Threads: everything happens on `io`, which must not run its handlers in parallel (a strand or a loop of one
/// thread).
///
/// GCC 12 destroys a braces-made temporary twice when it stands in a `co_await` expression (fixed in GCC 13); there,
/// name the command and the options first: passing them as temporaries does not compile.
template <typename CompletionToken = asio::deferred_t>
auto async_run(const executor& io, const command& what, const run_options& options, CompletionToken&& token = {}) {
    return async_start<void(error_code, run_result)>(
        std::forward<CompletionToken>(token), [io, what = command(what), options = run_options(options)](
                                                  completion_handler<void(error_code, run_result)> h) mutable {
            detail::start_run(io, std::move(what), std::move(options), std::move(h));
        });
}

/// The same with the default options.
template <typename CompletionToken = asio::deferred_t>
    requires(!std::convertible_to<CompletionToken, run_options>)
auto async_run(const executor& io, const command& what, CompletionToken&& token = {}) {
    return async_start<void(error_code, run_result)>(
        std::forward<CompletionToken>(token),
        [io, what = command(what)](completion_handler<void(error_code, run_result)> h) mutable {
            detail::start_run(io, std::move(what), {}, std::move(h));
        });
}

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
template <typename... Rest>
void async_run(const executor& io, command&& what, Rest&&... rest) = delete;
template <typename... Rest>
void async_run(const executor& io, const command& what, run_options&& options, Rest&&... rest) = delete;
#endif

}  // namespace parley
