// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The small process that kills a tree when this process ends without having stopped it.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/error.hpp>
#include <parley/core/unique_fd.hpp>

#include <cstdint>
#include <memory>
#include <string>

#include <sys/types.h>

namespace parley {

/// A shell that reads a pipe of which this process alone has the other end. At its end the shell kills, again and again
/// until nothing is left: the cgroup with all that is in it, or every process that carries the mark. It leads a session
/// of its own and ignores the signals that ask a program to end.
///
/// The destructor ends the shell, which does nothing then, and leaves it to the orphan reaper.
class tree_watcher {
public:
    /// `cgroup`: the directory of the tree's; empty: it has none, and is known by `mark`.
    static result<std::unique_ptr<tree_watcher>> start(const executor& io, const std::string& cgroup,
                                                       std::uint64_t mark);

    tree_watcher(pid_t pid, unique_fd pidfd, unique_fd lifeline);
    tree_watcher(const tree_watcher&) = delete;
    tree_watcher& operator=(const tree_watcher&) = delete;
    ~tree_watcher();

    /// Ends the shell. True when it is reaped; ask again in a moment until then.
    bool end();

private:
    const pid_t pid_;
    unique_fd pidfd_;
    unique_fd lifeline_;
};

}  // namespace parley
