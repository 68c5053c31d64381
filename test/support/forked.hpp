// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A forked child that does not exec, for tests of what the kernel does to a process. Only before threads exist.
#pragma once

#include <functional>

#include <sys/types.h>

namespace parley::test {

/// Runs `body` in a forked child, which ends with its result by _exit. Killed and reaped at the end of its life.
class forked {
public:
    explicit forked(const std::function<int()>& body);
    forked(const forked&) = delete;
    forked& operator=(const forked&) = delete;
    ~forked();

    pid_t pid() const noexcept { return pid_; }

    /// The wait status; of a stop, too, when asked. The child is reaped unless it was stopped.
    int wait(bool stops = false);

private:
    pid_t pid_ = -1;
    bool reaped_ = false;
};

}  // namespace parley::test
