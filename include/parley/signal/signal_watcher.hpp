// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Signals on the loop, with sender and value: a watcher keeps what arrives until somebody awaits it.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/export.hpp>
#include <parley/signal/signal_event.hpp>
#include <parley/signal/signal_mask.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace parley {

struct signal_watcher_options {
    /// Events kept until they are taken, rounded up to a power of two; at most 16,777,216. Beyond that, one signal of
    /// each number that has none among them is kept, so that no number drowns in others. What else arrives is counted
    /// in `missed`.
    std::size_t queue_limit = 8192;
    /// A SIGHUP that is ignored when the watcher is made, as under nohup(1), stays ignored and is never seen. True
    /// watches it all the same.
    bool even_if_ignored = false;
    /// Catches the signals by a handler where they are blocked in every thread, too: for a program that lets them
    /// through later.
    bool by_handler = false;
};

/// Watches a set of signals from construction to `close()`.
///
/// Every watcher sees every signal of its set; within one watcher each event goes to one waiter. A signal that arrives
/// before the first wait is kept. Real-time signals keep order and count as far as the kernel queues them; a standard
/// signal that is pending already is not queued a second time. Lives beside `asio::signal_set` on the same numbers, in
/// any order of creation and destruction.
///
/// How the signals are caught is decided at construction:
/// - Where every signal of the set is blocked in every thread of the process, they are read from a signalfd, unless
///   `by_handler` is set. No
///   disposition changes, and this is the faster way. Threads that start later inherit the blocked mask; none may
///   unblock these signals while the watcher lives. A signal that was aimed at one thread (`raise_signal`) is seen when
///   that thread runs the loop.
/// - Otherwise a handler is installed over the present disposition, for the whole process. Every `asio::signal_set` of
///   the program gets its signals, too; a handler of the program's own is set aside. When the last watcher of a number
///   goes, the disposition of before comes back. What a watcher sees does not depend on Asio: all signal_sets of a
///   process share one pipe, which drops what it has no room for, and a watcher neither reads from it nor writes to it
///   signals that no signal_set waits for. From Boost 1.83 on, a signal_set that wants other flags than `restart` for a
///   watched signal is refused by Asio. With more than one thread that takes a signal (one that does not block
///   it, or one that reads it for another watcher), the order of its events is the order in which they took them.
///
/// Moves, does not copy. Distinct objects are safe in distinct threads, one object is not; waiters on a context that
/// runs in several threads need a strand. Must not outlive the context of its executor. In a child made by fork without
/// exec it is dead weight: signals that the child gets never reach the parent's watchers, and the child must not use or
/// destroy them (it ends by exec or _exit).
class PARLEY_EXPORT signal_watcher {
public:
    /// Watches `signals` on `io`.
    ///
    /// Throws system_error: `errc::invalid_argument` for an empty set, a queue limit that is too large, and SIGSEGV,
    /// SIGBUS, SIGFPE and SIGILL, after which a program cannot go on (see crash_handler); `errc::signal_not_catchable`
    /// for SIGKILL and SIGSTOP; what the system calls report. `what()` names the signal or the set, and the call. Then
    /// nothing has changed.
    signal_watcher(const executor& io, const signal_mask& signals, signal_watcher_options options = {});
    /// Watches nothing, as a watcher that was moved from does: waits end with `bad_descriptor`, `try_wait` has none.
    signal_watcher() noexcept = default;
    signal_watcher(signal_watcher&& other) noexcept;
    signal_watcher& operator=(signal_watcher&& other) noexcept;
    /// As `close()`.
    ~signal_watcher();

    /// Waits for the next signal.
    ///
    /// Completion: `void(error_code, signal_event)`. Errors: `operation_aborted` after cancellation, `cancel()` or
    /// `close()`; `bad_descriptor` for a watcher that was moved from or made without signals. Cancellation: all types;
    /// nothing is lost, the event stays for the next waiter. Any number at a time, served in the order of their calls.
    template <typename CompletionToken = asio::deferred_t>
    auto async_wait(CompletionToken&& token = {}) {
        return async_start<void(error_code, signal_event)>(
            std::forward<CompletionToken>(token),
            [kept = state_](completion_handler<void(error_code, signal_event)> handler, const executor& own) {
                start_wait(kept, own, std::move(handler));
            });
    }

    /// The next signal if one has arrived, at the cost of a few nanoseconds when a handler catches them, of a read when
    /// a signalfd does.
    std::optional<signal_event> try_wait();

    /// Ends the waits there are with `operation_aborted`. The watcher goes on.
    void cancel();

    /// Stops watching: restores dispositions, drops the events that nobody has taken, ends the waits with
    /// `operation_aborted`. Later waits end the same way. Idempotent.
    void close();

    /// The signals watched: the set given, without an ignored SIGHUP.
    const signal_mask& signals() const noexcept;

    /// How many signals were lost, in all, because the queue was full.
    std::uint64_t missed() const noexcept;

    /// True when the signals are read from a signalfd, false when a handler catches them.
    bool uses_signalfd() const noexcept;

private:
    struct state;
    struct wait_operation;

    static void start_wait(std::shared_ptr<state> state, const executor& own,
                           completion_handler<void(error_code, signal_event)> handler);

    std::shared_ptr<state> state_;
};

}  // namespace parley
