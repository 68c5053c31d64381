// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Who is in a tree at a time, and waiting for that to change.
#pragma once

#include <parley/core/asio.hpp>

#include "process/process_table.hpp"
#include "process/process_tree_membership.hpp"

#include <chrono>
#include <memory>
#include <vector>

namespace parley {

/// How soon a tree is looked at again of which somebody may have been missed.
inline constexpr std::chrono::steady_clock::duration look_again = std::chrono::milliseconds(20);

struct tree_snapshot {
    std::vector<process_row> members{};
    bool empty = false;  // nobody is left, seen or unseen
    error_code failed{};
};

/// Reads the list of the cgroup, or the whole table of processes, once for all trees that ask at the time, in slices
/// between which other handlers run.
task<tree_snapshot> take_snapshot(executor io, std::shared_ptr<tree_membership> tree);

/// The same, and empty only when nobody can have been missed.
task<tree_snapshot> take_sure_snapshot(executor io, std::shared_ptr<tree_membership> tree);

/// Waits until one of them has ended, or `until`, or for a moment where that cannot be waited for. It is enough to wait
/// for one: as long as any of them lives the tree is not empty.
task<void> wait_for_end_of_one(executor io, std::vector<process_row> members,
                               std::chrono::steady_clock::time_point until);

task<void> pause_for(executor io, std::chrono::steady_clock::duration time);

}  // namespace parley
