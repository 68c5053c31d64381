// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Sending signals: to a process, through a pidfd, to a process group, to the own thread; with a value or without.
#pragma once

#include <parley/core/error.hpp>
#include <parley/core/export.hpp>

#include <csignal>

#include <sys/types.h>

namespace parley {

/// A pidfd on loan: the process that it was opened for, also when the pid has been given to another one.
struct pidfd_ref {
    int fd;
};

/// What a queued signal carries: an int, or a pointer, which means something within the sending process only.
class signal_value {
public:
    signal_value(int number) noexcept { native_.sival_int = number; }
    explicit signal_value(void* pointer) noexcept { native_.sival_ptr = pointer; }

    sigval native() const noexcept { return native_; }

private:
    sigval native_{};
};

// In every function here, number 0 sends nothing and checks only whether the process or group is there and may be
// signalled. Common errors: `errc::unknown_signal`; ESRCH (there is no such process), EPERM (it belongs to somebody
// else). The error's context names signal and target: "send SIGTERM to process 1234". Any thread. A process that has
// ended and has not been waited for yet still takes signals, without effect.

/// Sends signal `number` to process `pid`, through a pidfd of its own.
///
/// The pid may have been given to another process by the time of the call; for a child, or where a pidfd is at hand,
/// use the other form. Errors: also `errc::invalid_process` for a pid of 0 and below. Source: pidfd_send_signal(2).
PARLEY_EXPORT result<void> send_signal(pid_t pid, int number);
/// Sends signal `number` to the process behind `process`. Errors: also EBADF for a descriptor that is no pidfd.
PARLEY_EXPORT result<void> send_signal(pidfd_ref process, int number);

/// Sends signal `number` with `value`, as sigqueue(3) does. Any signal carries a value; real-time signals also queue:
/// each that was sent arrives, in order, while a standard one that is pending already swallows the next.
///
/// Errors: also EAGAIN when the receiver's queue is full (RLIMIT_SIGPENDING): nothing was sent, try again later.
PARLEY_EXPORT result<void> queue_signal(pid_t pid, int number, signal_value value);
PARLEY_EXPORT result<void> queue_signal(pidfd_ref process, int number, signal_value value);

/// Sends signal `number` to every process of group `group`.
///
/// Errors: also `errc::invalid_process` for a group of 1 and below: for the kernel 0 is the own group and 1 is
/// everybody. Source: killpg(3).
PARLEY_EXPORT result<void> send_signal_to_group(pid_t group, int number);
/// Sends signal `number` to every process of the calling process's group, itself included.
PARLEY_EXPORT result<void> send_signal_to_own_group(int number);

/// Sends signal `number` to the calling thread; when not blocked, it has arrived when this returns. Source: raise(3).
PARLEY_EXPORT result<void> raise_signal(int number);

}  // namespace parley
