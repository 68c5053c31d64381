// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The last resort for trees whose context went away.
#pragma once

#include <parley/core/unique_fd.hpp>
#include <parley/process/stop_policy.hpp>

#include "process/process_tree_state.hpp"

namespace parley {

/// Runs `policy` on a tree in a thread and a loop of its own, which end with it. `leader`: the pidfd of the leader,
/// which is reaped there; none when it was reaped. Never blocks. Where no thread can be made, the tree is killed at
/// once. When the program ends by exit(3), the policies under way are waited for, at most their graces and what follows
/// a kill.
void stop_in_helper_thread(tree_parts parts, unique_fd leader, stop_policy policy) noexcept;

}  // namespace parley
