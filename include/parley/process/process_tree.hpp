// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A child with everything that it starts: one thing to wait for, to signal and to stop.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/core/timer.hpp>
#include <parley/process/child.hpp>
#include <parley/process/command.hpp>
#include <parley/process/exit_status.hpp>
#include <parley/process/stop_policy.hpp>
#include <parley/signal/signal_watcher.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace parley {

class tree_state;

/// What holds a tree together.
enum class tree_means : std::uint8_t {
    group,   ///< a process group, and what is found to belong to it elsewhere
    cgroup,  ///< a cgroup v2 of its own: the kernel keeps the list, and nobody leaves it who may not write there
};

/// "group", "cgroup".
PARLEY_EXPORT std::string_view to_string(tree_means means) noexcept;
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, tree_means means);

/// Whether a tree gets a cgroup of its own.
enum class cgroup_use : std::uint8_t {
    never,
    if_possible,  ///< where none can be made, `process_tree::why_no_cgroup` says why
    required,     ///< where none can be made, the start fails
};

struct tree_options {
    cgroup_use cgroup = cgroup_use::if_possible;
    /// The directory below which the tree's cgroup is made; empty: `command::cgroup`, without that the cgroup that this
    /// process is in. On a machine that systemd runs, the latter is used only where it was delegated (Delegate=yes).
    std::string cgroup_parent{};
    /// This process becomes a subreaper for as long: who loses his parent in the tree becomes a child of this process
    /// (not of process 1) and is reaped by the library. Source: PR_SET_CHILD_SUBREAPER.
    bool subreaper = false;
    /// The tree is marked with a soft limit RLIMIT_RTTIME of more than 146,000 years, a different one for each. Every
    /// descendant inherits it, whatever it does about groups, sessions, parents and users; by it they are found, dead
    /// or alive. Left out where such a limit is in force already, or given in the command.
    bool mark = true;
    /// How long `async_stop` waits for the end of what it has killed before it says what is left.
    saturated<std::chrono::milliseconds> give_up_after{5000};
    /// The whole tree, grandchildren included, is killed when this process ends without having stopped it, by SIGKILL
    /// too, or runs another program by exec. A small process of its own does it, which /bin/sh runs: with a cgroup by
    /// that, one a tree, else by the mark, one for all such trees. It waits for the end of a pipe: a copy that this
    /// process makes of itself by fork(2) alone holds that pipe as well. False: a tree outlives a program that is
    /// killed.
    bool die_with_parent = false;
};

/// A process of a tree, as it was seen.
struct tree_process {
    pid_t pid = 0;       ///< for people and logs; never signal by it
    std::string name{};  ///< of its program, at most 15 bytes

    friend bool operator==(const tree_process&, const tree_process&) = default;
};

/// "1234 (sleep)".
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, const tree_process& process);

/// What has become of a tree. The numbers count processes since its start, as far as they were seen: one that came and
/// went between two looks is in none of them.
struct tree_report {
    exit_status leader{};              ///< unknown while it runs
    std::size_t found = 0;             ///< processes that were seen in the tree
    std::size_t asked = 0;             ///< of these, those that were sent a policy's signal
    std::size_t killed = 0;            ///< of these, those that were sent SIGKILL
    std::vector<tree_process> left{};  ///< those that live in spite of it

    friend bool operator==(const tree_report&, const tree_report&) = default;
};

/// "4 found, 4 asked, 1 killed, none left; the leader was killed by SIGTERM".
PARLEY_EXPORT std::string to_string(const tree_report& report);
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, const tree_report& report);

/// Whom a signal is handed on to.
enum class forward_to : std::uint8_t { leader, tree };

/// The handle of a child that `spawn_tree` started, the leader, and of all its descendants. Moves, never copies.
///
/// What belongs to the tree: with a cgroup, who is in it. With a group alone, the leader's process group (its session,
/// where it has one of its own), the descendants, and who carries the mark. Processes outside the group are found by
/// reading /proc, opened as a pidfd, and signalled only if they still are who was found. Limits: a process that clears
/// its mark, leaves the group and loses its parent between two looks gets away, as does a chain of such processes that
/// multiplies faster than they are found. Use a cgroup against those.
///
/// Where this process is killed (SIGKILL) its trees live on, unless `tree_options::die_with_parent` says otherwise.
///
/// Leaving scope runs the command's stop policy on the whole tree without blocking, as for a `child`; where the context
/// is going away a helper thread of the library does it, and exit(3) waits for that. A tree that nobody stops and whose
/// leader has ended keeps the leader's number: its zombie goes when the tree is found empty, or with the handle.
///
/// A handle without a pending operation gives its context no work. A subreaper's orphans are reaped while any operation
/// is pending and at the end.
///
/// Threads: one at a time. Everything happens on the executor given, which must not run its handlers in parallel: a
/// loop of one thread, or a strand. Looking at /proc takes some 30 microseconds a process of the machine, in slices
/// between which other handlers run.
class PARLEY_EXPORT process_tree {
public:
    /// Holds no tree.
    process_tree() noexcept;
    explicit process_tree(std::shared_ptr<tree_state> state) noexcept;  // for spawn_tree
    process_tree(process_tree&&) noexcept;
    process_tree& operator=(process_tree&&) noexcept;
    process_tree(const process_tree&) = delete;
    process_tree& operator=(const process_tree&) = delete;
    ~process_tree();

    /// False for a handle that is empty or moved from.
    explicit operator bool() const noexcept { return state_ != nullptr; }

    /// The child that was started, with its streams. It stays the tree's: do not move from it and do not detach it.
    /// Throws `system_error(errc::no_child)` for an empty handle.
    child& leader();

    /// What is in force.
    tree_means means() const noexcept;
    /// The directory of the tree's cgroup; empty without one.
    std::string cgroup() const;
    /// Why there is none; no error where there is one or none was wanted.
    error why_no_cgroup() const;

    /// Waits for the end of the leader, as `child::async_wait`. The others may live on.
    template <typename CompletionToken = asio::deferred_t>
    auto async_wait(CompletionToken&& token = {}) {
        return async_start<void(error_code, exit_status)>(
            std::forward<CompletionToken>(token),
            [state = state_](completion_handler<void(error_code, exit_status)> h, const executor& on) {
                start_wait(state, on, std::move(h));
            });
    }

    /// Waits until nobody is left in the tree; sends nothing.
    ///
    /// Completion: `void(error_code, tree_report)`. Then the leader was reaped and the cgroup removed. Errors:
    /// `operation_aborted`, `errc::no_child`. Cancellation: all types; nothing is lost. Any number may wait.
    template <typename CompletionToken = asio::deferred_t>
    auto async_wait_empty(CompletionToken&& token = {}) {
        return async_start<void(error_code, tree_report)>(
            std::forward<CompletionToken>(token),
            [state = state_](completion_handler<void(error_code, tree_report)> h, const executor& on) {
                start_wait_empty(state, on, std::move(h));
            });
    }

    /// Stops the tree: sends `policy.signal` (then SIGCONT) to everybody who is in it, waits `policy.grace`, kills who
    /// is left and who comes after, and waits for their end. Where neither the cgroup nor the group reaches all at the
    /// same time, all are stopped by SIGSTOP before the first is killed, so that nobody is replaced meanwhile.
    /// Source: kill(2), pidfd_send_signal(2), the kernel's cgroup-v2.rst on cgroup.kill.
    ///
    /// Completion: `void(error_code, tree_report)`, when nobody is left (as `async_wait_empty`), or when
    /// `tree_options::give_up_after` has passed since the kill: then `left` names who could not be killed, in
    /// uninterruptible sleep or out of our rights, and a later call tries again. That is no error; nor is a leader that
    /// has ended and that a tracer holds back for longer, whose status is unknown until then. Errors:
    /// `operation_aborted`, `errc::no_child`; what reading /proc or the cgroup reported, when that kept failing.
    /// Cancellation: all types; it abandons the wait, the policy goes on. A second call with a harder policy overtakes
    /// the first.
    template <typename CompletionToken = asio::deferred_t>
    auto async_stop(stop_policy policy, CompletionToken&& token = {}) {
        return async_start<void(error_code, tree_report)>(
            std::forward<CompletionToken>(token),
            [state = state_, policy](completion_handler<void(error_code, tree_report)> h, const executor& on) {
                start_stop(state, on, policy, std::move(h));
            });
    }
    /// The same with the policy that the command came with.
    template <typename CompletionToken = asio::deferred_t>
        requires(!std::convertible_to<CompletionToken, stop_policy>)
    auto async_stop(CompletionToken&& token = {}) {
        return async_stop(default_policy(), std::forward<CompletionToken>(token));
    }

    /// Sends a signal to everybody who is in the tree now.
    ///
    /// Completion: `void(error_code, std::size_t)`, to how many. Errors: `errc::unknown_signal`, `errc::no_child`;
    /// of reading /proc or the cgroup. Cancellation: all types; some may have got it then. Any number may run at once.
    template <typename CompletionToken = asio::deferred_t>
    auto async_send_signal(int number, CompletionToken&& token = {}) {
        return async_start<void(error_code, std::size_t)>(
            std::forward<CompletionToken>(token),
            [state = state_, number](completion_handler<void(error_code, std::size_t)> h, const executor& on) {
                start_send_signal(state, on, number, std::move(h));
            });
    }

    /// Lists who is in the tree now.
    ///
    /// Completion: `void(error_code, std::vector<tree_process>)`. Errors and cancellation as above.
    template <typename CompletionToken = asio::deferred_t>
    auto async_list(CompletionToken&& token = {}) {
        return async_start<void(error_code, std::vector<tree_process>)>(
            std::forward<CompletionToken>(token),
            [state = state_](completion_handler<void(error_code, std::vector<tree_process>)> h, const executor& on) {
                start_list(state, on, std::move(h));
            });
    }

    /// Hands the signals that `signals` tells of on, to the leader alone or to the whole tree, until the leader has
    /// ended. What a program does that stands for another one: process 1 of a container, a wrapper. A watcher made
    /// before the tree is started misses none. It is used up.
    ///
    /// Completion: `void(error_code)`, without an error at the end of the leader. Errors: `operation_aborted`,
    /// `errc::no_child`. Cancellation: all types; the watcher goes with it.
    template <typename CompletionToken = asio::deferred_t>
    auto async_forward(signal_watcher signals, forward_to whom, CompletionToken&& token = {}) {
        return async_start<void(error_code)>(
            std::forward<CompletionToken>(token),
            [state = state_, watcher = std::make_shared<signal_watcher>(std::move(signals)), whom](
                completion_handler<void(error_code)> h, const executor& on) {
                start_forward(state, on, watcher, whom, std::move(h));
            });
    }

    /// Replaces the policy that the command came with.
    void set_stop_policy(stop_policy policy);

    /// Throws `system_error(errc::no_child)` for an empty handle.
    executor get_executor() const;

private:
    using report_handler = completion_handler<void(error_code, tree_report)>;
    using state_pointer = std::shared_ptr<tree_state>;

    static void start_wait(const state_pointer&, const executor& on, completion_handler<void(error_code, exit_status)>);
    static void start_wait_empty(const state_pointer&, const executor& on, report_handler);
    static void start_stop(const state_pointer&, const executor& on, stop_policy, report_handler);
    static void start_send_signal(const state_pointer&, const executor& on, int number,
                                  completion_handler<void(error_code, std::size_t)>);
    static void start_list(const state_pointer&, const executor& on,
                           completion_handler<void(error_code, std::vector<tree_process>)>);
    static void start_forward(const state_pointer&, const executor& on, const std::shared_ptr<signal_watcher>&,
                              forward_to, completion_handler<void(error_code)>);
    stop_policy default_policy() const noexcept;
    void leave() noexcept;

    state_pointer state_;
};

/// Starts `what` as the leader of a tree, as `spawn` does. It leads a process group of its own (`process_group::own`)
/// unless the command says `session`.
///
/// Errors: those of `spawn`; those of making a cgroup, where one is required; ENOTSUP where /proc is not mounted or
/// shows another PID namespace, because then nobody could be found, and for `die_with_parent` where there is neither a
/// cgroup nor the mark. A failed start leaves nothing. Any thread.
///
/// A start that makes a cgroup first removes those beside it that programs have left empty which were killed.
[[nodiscard]] PARLEY_EXPORT result<process_tree> spawn_tree(const executor& io, const command& what,
                                                            const tree_options& options);
/// The same with the default options.
[[nodiscard]] PARLEY_EXPORT result<process_tree> spawn_tree(const executor& io, const command& what);

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
/// As for `spawn`: name the executor first.
template <std::same_as<executor> Temporary, typename... Options>
result<process_tree> spawn_tree(Temporary&& io, command&& what, Options&&... options) = delete;
#endif

}  // namespace parley
