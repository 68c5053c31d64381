// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The small process that kills trees when this process ends without having stopped them.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace parley {

/// A shell that reads a pipe of which this process alone has the other end. At its end the shell kills, again and again
/// until nothing is left: the cgroup with all that is in it, or every process that carries a mark. It leads a session
/// of its own and ignores the signals that ask a program to end. A tree with a cgroup has a shell of its own; all
/// others of this process share one, which looks for all their marks at the same time.
///
/// The destructor ends the watching: nothing is killed then. With the last tree the shell ends; the orphan reaper has
/// it. In a process that was forked it does nothing: the shell is the parent's. Threads: any.
class tree_watcher {
public:
    /// `cgroup`: the directory of the tree's; empty: it has none, and is known by `mark`.
    static result<std::unique_ptr<tree_watcher>> start(const executor& io, const std::string& cgroup,
                                                       std::uint64_t mark);

    tree_watcher() noexcept;
    tree_watcher(const tree_watcher&) = delete;
    tree_watcher& operator=(const tree_watcher&) = delete;
    ~tree_watcher();

    /// Ends the watching. True when the shell is reaped or goes on for other trees; ask again in a moment until then.
    bool end();

private:
    class shell;
    class mark_table;

    void stop_watching();

    std::shared_ptr<shell> shell_;  // its own
    std::shared_ptr<mark_table> table_;
    std::size_t place_ = 0;  // in the table
};

/// What the shell for marks runs. Its descriptor 0 is the pipe, 3 the file of the marks.
const char* script_for_marks() noexcept;

}  // namespace parley
