// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// From main() to a coroutine and back: loop, stop signals, exit code.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/export.hpp>
#include <parley/core/timer.hpp>
#include <parley/loop/event_loop.hpp>
#include <parley/signal/signal_mask.hpp>

#include <chrono>
#include <csignal>
#include <optional>

namespace parley {

struct application_options {
    /// The signals that ask the program to end; let through, should they be blocked.
    signal_mask signals{SIGINT, SIGTERM};
    /// How long main may take to end once it was asked.
    saturated<std::chrono::milliseconds> deadline{10'000};
    /// The exit code when a signal asked for the end and `main` ended in order: 0 for a server, whose manager takes
    /// anything else for a failure. None: 128 + n. Where `main` did not end by the deadline it is 128 + n in any case.
    std::optional<int> exit_code_when_asked{};
    event_loop_options loop{};
    /// Signals to block before the loop begins: a `signal_watcher` on them reads a signalfd. Threads that were started
    /// earlier are not affected.
    signal_mask blocked{};
};

/// Runs `main` on an event loop of its own, in the calling thread, and returns the exit code of the program.
///
///     int main() {
///         return parley::run([]() -> parley::task<int> { ... co_return 0; }());
///     }
///
/// The first stop signal cancels `main`: whatever it awaits, then and later, ends with `operation_aborted`, so that its
/// objects are destroyed in order. A second signal or the deadline ends the loop with `main` where it stands. When
/// `main` has ended, the loop ends; what else is pending is destroyed with it.
///
/// The exit code is the value of `main`; 0 when a `task<void>` ends without a signal; 128 + n, or
/// `exit_code_when_asked`, when signal n asked for the end and `main` did not say otherwise, which only a value or
/// another exception would; 1 when `main` threw
/// anything else: that is logged with its `what()`. What any other handler of the loop throws is logged, asks `main` to
/// end as a signal would, and makes the exit code 1 unless `main` returns another value than 0.
///
/// Where the program was started with SIGCHLD ignored, or with SA_NOCLDWAIT, the kernel would throw away exit statuses:
/// that is undone, with a warning. Dispositions and the signal mask are restored at the end, after the stop policies of
/// what is left have begun; blocked signals that are pending then are discarded. From there on a signal does again what
/// it did before `run`. A sender that goes on, with a signal whose default is to end the program, ends it while
/// children may still be stopping: ignore such a signal before `run` (`scoped_disposition`), and watch it in `main`.
/// Not to be called twice at the same time. Nothing is thrown.
[[nodiscard]] PARLEY_EXPORT int run(task<int> main, const application_options& options);
[[nodiscard]] PARLEY_EXPORT int run(task<int> main);
[[nodiscard]] PARLEY_EXPORT int run(task<void> main, const application_options& options);
[[nodiscard]] PARLEY_EXPORT int run(task<void> main);

}  // namespace parley
