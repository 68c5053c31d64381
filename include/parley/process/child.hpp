// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A running child process and its end.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/core/unique_fd.hpp>
#include <parley/pipe/pipe.hpp>
#include <parley/process/exit_report.hpp>
#include <parley/process/exit_status.hpp>
#include <parley/process/stop_policy.hpp>
#include <parley/signal/send_signal.hpp>

#include <boost/asio/readable_pipe.hpp>

#include <concepts>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/types.h>

namespace parley {

class child_state;
class pty;
class tree_state;

enum class child_change : unsigned char {
    stopped,    ///< suspended by a signal
    continued,  ///< running again
    ended,
};

/// Something that happened to a child.
struct child_event {
    child_change what;
    int signal = 0;        ///< which one stopped, continued or killed it; 0 for one that has exited
    exit_status status{};  ///< how it ended

    friend bool operator==(const child_event&, const child_event&) = default;
};

/// "stopped by SIGSTOP", "continued by SIGCONT", "exited with 3".
PARLEY_EXPORT std::string to_string(const child_event& event);
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, const child_event& event);
/// "stopped", "continued", "ended".
PARLEY_EXPORT std::string_view to_string(child_change change) noexcept;
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, child_change change);

/// A child given away by `child::release`: whoever has it must wait for it.
struct released_child {
    pid_t pid;
    unique_fd pidfd;
};

/// The handle of a child that `spawn` started. Moves, never copies.
///
/// Leaving scope runs the command's stop policy without blocking: the child is asked to end, killed after the grace,
/// and reaped, all on the executor, whose context has work until then. Where the context itself is going away a helper
/// thread of the library does the same, and exit(3) waits for it, at most the grace. There is never a zombie left
/// behind and never a wait in a destructor.
///
/// The child is signalled and waited for through its pidfd alone; no SIGCHLD handler is installed, no other child of
/// the process is touched. A handle without a pending operation gives its context no work: a child that ends meanwhile
/// is reaped at the next `async_wait`, `try_wait`, or at the handle's end.
///
/// Threads: `send_signal`, `try_wait` and `async_wait` may be called from several threads at once; everything else is
/// for one thread at a time.
class PARLEY_EXPORT child {
public:
    /// Holds no child.
    child() noexcept;
    explicit child(std::shared_ptr<child_state> state) noexcept;  // for spawn
    child(child&&) noexcept;
    child& operator=(child&&) noexcept;
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    ~child();

    /// False for a handle that is empty, moved from or detached.
    explicit operator bool() const noexcept { return state_ != nullptr; }

    /// The process id, for people and logs; 0 without a child. Never signal by it.
    pid_t pid() const noexcept;
    /// The pidfd, lent, as `queue_signal` and its like take it; its number is -1 without a child or once it was reaped.
    pidfd_ref pidfd() const noexcept;

    /// The parent's ends of the standard streams that were `stdio::pipe()` or `stdio::socket_pair()`. Throw
    /// `system_error(errc::not_piped)` where there is no pipe. Half-close: `child.in().close()` is the child's end of
    /// input.
    pipe_writer& in();
    asio::readable_pipe& out();
    asio::readable_pipe& err();
    /// The parent's side of the pseudo-terminal, for streams that were `stdio::pty()`. Throws as the above.
    pty& terminal();

    /// Waits for the end of the child. Any number may wait, before and after it; all get the same status.
    ///
    /// Completion: `void(error_code, exit_status)`. The end of the process, not of its output: the pipes may still hold
    /// bytes. A status that another part of the program took with wait(2) is `unknown` unless the kernel kept it
    /// (Linux 6.15 and newer do). Errors: `operation_aborted`, `errc::no_child`. Cancellation: all types; nothing is
    /// lost, the next wait gets the status.
    template <typename CompletionToken = asio::deferred_t>
    auto async_wait(CompletionToken&& token = {}) {
        return async_start<void(error_code, exit_status)>(
            std::forward<CompletionToken>(token),
            [state = state_](completion_handler<void(error_code, exit_status)> h, const executor& on) {
                start_wait(state, on, std::move(h));
            });
    }

    /// Waits for the end, and tells all that is known of it. Completion: `void(error_code, exit_report)`; otherwise as
    /// `async_wait`.
    template <typename CompletionToken = asio::deferred_t>
    auto async_report(CompletionToken&& token = {}) {
        return async_start<void(error_code, exit_report)>(
            std::forward<CompletionToken>(token),
            [state = state_](completion_handler<void(error_code, exit_report)> h, const executor& on) {
                start_report(state, on, std::move(h));
            });
    }

    /// Waits until the child is stopped, continued, or has ended.
    ///
    /// Completion: `void(error_code, child_event)`. The kernel tells of a stop by SIGCHLD alone, which belongs to the
    /// program; so, while this waits, the child is looked at every 10 ms. A stop that lasts less may go unseen; the end
    /// never does. The report of a stop is taken from the kernel: another wait(2) for it in this process does not see
    /// it, and one wait of this kind at a time sees each. Errors and cancellation: as `async_wait`.
    template <typename CompletionToken = asio::deferred_t>
    auto async_wait_change(CompletionToken&& token = {}) {
        return async_start<void(error_code, child_event)>(
            std::forward<CompletionToken>(token),
            [state = state_](completion_handler<void(error_code, child_event)> h, const executor& on) {
                start_wait_change(state, on, std::move(h));
            });
    }

    /// The status if the child has ended, none if it runs or there is none. Never blocks.
    std::optional<exit_status> try_wait();

    /// Sends a signal through the pidfd; 0 only asks whether it could. Errors: `no_such_process` once the child has
    /// ended and was reaped, whoever has its pid by now; `errc::unknown_signal`; `errc::no_child`. Source:
    /// pidfd_send_signal(2).
    [[nodiscard]] result<void> send_signal(int number);
    /// SIGSTOP, which a program cannot catch, and SIGCONT. Errors: as `send_signal`.
    [[nodiscard]] result<void> suspend();
    [[nodiscard]] result<void> resume();

    /// Asks the child to end by `policy` (without one: the command's) and waits for the end.
    ///
    /// Completion: `void(error_code, exit_status)`. Cancellation: all types; it abandons the wait, the policy goes on.
    /// A second call with a harder policy overtakes the first.
    template <typename CompletionToken = asio::deferred_t>
    auto async_stop(stop_policy policy, CompletionToken&& token = {}) {
        return async_start<void(error_code, exit_status)>(
            std::forward<CompletionToken>(token),
            [state = state_, policy](completion_handler<void(error_code, exit_status)> h, const executor& on) {
                start_stop(state, on, policy, std::move(h));
            });
    }
    template <typename CompletionToken = asio::deferred_t>
        requires(!std::convertible_to<CompletionToken, stop_policy>)
    auto async_stop(CompletionToken&& token = {}) {
        return async_stop(default_policy(), std::forward<CompletionToken>(token));
    }

    /// Lets the child run on by itself: the handle is empty afterwards, the pipes are closed, and a helper thread of
    /// the library reaps the child when it ends. Operations that wait for it still get the status.
    void detach();

    /// Gives the child to other code: the handle is empty afterwards, nothing is signalled, its pipes are closed, waits
    /// under way end with `operation_aborted`. Errors: `errc::no_child`, `no_such_process` where it was reaped.
    [[nodiscard]] result<released_child> release();

    /// Replaces the policy that the command came with.
    void set_stop_policy(stop_policy policy);

    executor get_executor() const;

private:
    friend class tree_state;  // for the leader of a tree

    static void start_wait(const std::shared_ptr<child_state>&, const executor& on,
                           completion_handler<void(error_code, exit_status)>);
    static void start_report(const std::shared_ptr<child_state>&, const executor& on,
                             completion_handler<void(error_code, exit_report)>);
    static void start_wait_change(const std::shared_ptr<child_state>&, const executor& on,
                                  completion_handler<void(error_code, child_event)>);
    static void start_stop(const std::shared_ptr<child_state>&, const executor& on, stop_policy,
                           completion_handler<void(error_code, exit_status)>);
    stop_policy default_policy() const noexcept;
    void leave() noexcept;

    std::shared_ptr<child_state> state_;
};

/// A handle for a child of this process that other code has started (fork(2), posix_spawn(3), another library) and not
/// yet waited for; from now on it behaves like one that `spawn` gave, without pipes. The other code must not wait for
/// it any more.
///
/// Errors: `errc::not_a_child`, also where it was already waited for; `errc::invalid_process` for a number of 0 or
/// below; those of pidfd_open(2). The pid is looked up once; while the child is not reaped it belongs to nobody else.
[[nodiscard]] PARLEY_EXPORT result<child> adopt_child(const executor& io, pid_t pid, stop_policy stop = {});
/// The same with a pidfd, which is taken over; after an error it is closed.
[[nodiscard]] PARLEY_EXPORT result<child> adopt_child(const executor& io, unique_fd pidfd, stop_policy stop = {});

}  // namespace parley
