// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the first process of a container or PID namespace owes the others: to reap the orphans.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/export.hpp>
#include <parley/core/timer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include <sys/types.h>

namespace parley {

struct init_duty_options {
    /// An ended child that may be an orphan or this program's own is reaped after it has been dead for so long; none:
    /// never. Long enough for whoever forked it to wait for it, short enough for the dead not to pile up.
    std::optional<saturated<std::chrono::milliseconds>> unclaimed_after = std::chrono::milliseconds(10'000);
};

/// Reaps the orphans that become children of this process, and nobody else, from construction to `close()`.
///
/// For process 1 every orphan of its PID namespace does. Any other process is a subreaper for as long, to which its own
/// descendants come when they lose their parents (PR_SET_CHILD_SUBREAPER).
///
/// The kernel does not tell an adopted child from one that this program has started. So:
/// - children that parley started, and those that the program `claim`s, are never touched;
/// - an ended child that cannot be the program's own is reaped at once: it carries the mark of a `process_tree`; or it
///   is in a session that is neither this process's nor one of its own, which only a child of somebody else can be
///   (not used for children from before this object, nor after this process has changed its session);
/// - any other ended child is reaped when it has been dead for `unclaimed_after`. Whoever waits for his child sooner,
///   as system(3) and a SIGCHLD handler do, is not disturbed; who leaves it dead for longer, as pclose(3) at leisure,
///   loses the status unless the child is claimed.
///
/// Only children that have ended are looked at, through a pidfd, never with waitpid(-1). They are looked for every 20
/// to 500 milliseconds. It does not forward signals: `process_tree::async_forward` does.
///
/// While it is open its context has work. One a process. Threads: `claim` and `disclaim` any; else one at a time. Must
/// not outlive the context of its executor.
class PARLEY_EXPORT init_duty {
public:
    /// Throws system_error: `errc::invalid_argument` where there is one already; what prctl(2) reports.
    explicit init_duty(const executor& io, init_duty_options options = {});
    init_duty(init_duty&&) noexcept;
    init_duty& operator=(init_duty&&) noexcept;
    init_duty(const init_duty&) = delete;
    init_duty& operator=(const init_duty&) = delete;
    /// As `close()`.
    ~init_duty();

    /// This child is waited for by the program. Holds until `disclaim`, which comes after the wait.
    void claim(pid_t child);
    void disclaim(pid_t child);

    /// How many orphans were reaped.
    std::uint64_t reaped() const noexcept;

    /// Ends the duty. A process that was no subreaper before is none any more. Idempotent.
    void close();

private:
    class state;

    std::shared_ptr<state> state_;
};

}  // namespace parley
