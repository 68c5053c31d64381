// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// One signal that arrived.
#pragma once

#include <parley/core/export.hpp>

#include <cstdint>
#include <iosfwd>
#include <string>

#include <sys/types.h>

namespace parley {

/// What the kernel tells about one signal. A value: copies, compares, prints.
///
/// `sender_pid` and `sender_uid` say who sent it at that time; they are no proof of identity: the sender may have ended
/// and its pid may belong to another process by now.
struct signal_event {
    int number = 0;
    pid_t sender_pid = 0;      ///< 0: the kernel, or a process outside this pid namespace; for SIGCHLD the child
    uid_t sender_uid = 0;      ///< real user id of the sender; meaningless while `sender_pid` is 0
    int value = 0;             ///< the int that a queued signal carries (sigqueue(3), timers), else 0
    void* pointer = nullptr;   ///< the same as a pointer, when the sender (this process) queued one
    int code = 0;              ///< how it was sent: `si_code` of sigaction(2), such as SI_USER or SI_QUEUE
    std::uint64_t missed = 0;  ///< signals that were lost just before this one because the queue was full

    friend bool operator==(const signal_event&, const signal_event&) noexcept = default;

    /// "SIGTERM from process 1234 (uid 1000)", "SIGRTMIN+1 from process 1234 (uid 1000), value 7", "SIGALRM from the
    /// kernel".
    PARLEY_EXPORT std::string to_string() const;
    /// Prints as `to_string`.
    PARLEY_EXPORT friend std::ostream& operator<<(std::ostream& out, const signal_event& event);
};

}  // namespace parley
