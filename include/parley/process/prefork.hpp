// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Workers that are copies of this process, each with a loop of its own.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/core/timer.hpp>
#include <parley/core/unique_fd.hpp>
#include <parley/process/exit_status.hpp>
#include <parley/process/stop_policy.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <sys/types.h>

namespace parley {

/// What a worker knows of itself. Lives in the worker's process, on its loop.
class PARLEY_EXPORT worker {
public:
    worker(unsigned index, unique_fd connections);  // for prefork
    ~worker();
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    /// 0 to one less than the number of workers; a worker that takes the place of another has its index.
    unsigned index() const noexcept { return index_; }
    asio::io_context& context() noexcept { return context_; }
    executor get_executor() noexcept { return context_.get_executor(); }

    /// The next connection that the parent accepted for this worker (`prefork_options::hand_out`): blocking mode,
    /// close-on-exec, for the `assign` of an Asio socket.
    ///
    /// Completion: `void(error_code, unique_fd)`. Errors: `asio::error::eof` where there will be no more (the parent
    /// has ended, or nothing is handed out), `operation_aborted`, recvmsg(2). Cancellation: all types, nothing is lost.
    /// One at a time.
    template <typename CompletionToken = asio::deferred_t>
    auto async_connection(CompletionToken&& token = {}) {
        return async_start<void(error_code, unique_fd)>(
            std::forward<CompletionToken>(token),
            [this](completion_handler<void(error_code, unique_fd)> handler) { start_connection(std::move(handler)); });
    }

private:
    void start_connection(completion_handler<void(error_code, unique_fd)> handler);

    struct state;
    asio::io_context context_{1};
    std::unique_ptr<state> state_;
    unsigned index_;
};

/// A worker that has ended, seen from the parent.
struct worker_end {
    unsigned index;
    pid_t pid;
    exit_status status;
    /// When another takes its place; none: the whole is ending.
    std::optional<std::chrono::milliseconds> respawn_in;
};

/// "worker 1 (4711) was killed by SIGKILL, another starts in 100 ms".
PARLEY_EXPORT std::string to_string(const worker_end& end);
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, const worker_end& end);

struct prefork_options {
    /// 0: one for each CPU that this process may use.
    unsigned workers = 0;
    /// A listening socket, lent and switched to non-blocking: the parent accepts and hands the connections to the
    /// workers in turn; one that has 64 of them waiting is passed over. None: the workers share what was opened before
    /// (a listening socket is the usual thing), and the kernel chooses.
    std::optional<int> hand_out{};
    /// A worker that ends is replaced at once if it had lived for `young`, else after a delay that begins with
    /// `first_delay`, doubles with every such end in a row, and stays at `last_delay`.
    saturated<std::chrono::milliseconds> young{1000};
    saturated<std::chrono::milliseconds> first_delay{100};
    saturated<std::chrono::milliseconds> last_delay{10'000};
    /// How the workers are ended when the parent is asked to end. The signal cancels the worker's coroutine.
    stop_policy stop{};
    /// Called in the parent for every worker that starts and ends. Must not start threads.
    std::function<void(unsigned index, pid_t pid)> on_start{};
    std::function<void(const worker_end&)> on_end{};
};

/// Forks the workers and looks after them until SIGTERM or SIGINT comes; then ends them by `options.stop` and returns
/// 0.
///
/// In each worker a loop of its own runs `work`; what it returns is the worker's exit code, an exception is logged and
/// means 70 (EX_SOFTWARE). SIGTERM and SIGINT cancel it, a second SIGTERM ends the worker at once. A worker leaves
/// through _exit(2), after its standard output was flushed: exit handlers and static objects belong to the parent. It
/// is killed by the kernel when the parent ends, however that ends.
///
/// For main, before there are threads: a fork of a program with threads leaves locks that nobody holds. Everything that
/// is open is shared with the workers, close-on-exec or not; make no I/O object of Asio before (its context would be
/// shared, too). Errors: `errc::threads_exist`, `errc::child_ignored`, `errc::invalid_argument` without work; of the
/// first start of the workers: fork(2), socketpair(2), signalfd(2); then those that were started are stopped. A later
/// fork(2) that fails is tried again after a delay. The calling thread blocks; SIGTERM and SIGINT are blocked in it
/// meanwhile and restored. Source: fork(2), prctl(2), signalfd(2), unix(7).
[[nodiscard]] PARLEY_EXPORT result<int> prefork(const prefork_options& options,
                                                const std::function<task<int>(worker&)>& work);

}  // namespace parley
