// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The last resort for children that nobody's loop looks after: detached ones, and those whose context went away.
#pragma once

#include <parley/core/unique_fd.hpp>
#include <parley/process/stop_policy.hpp>

#include <optional>

#include <sys/types.h>

namespace parley {

/// Hands a child to a helper thread, which runs `policy` (none: just waits) and reaps it. The thread lives only while
/// there are such children, has all signals blocked and touches nothing but its pidfds. Never blocks. Where no thread
/// can be made, a child with a policy is killed at once. When the program ends by exit(3), the policies under way are
/// waited for, at most their graces.
void adopt_orphan(pid_t pid, unique_fd pidfd, std::optional<stop_policy> policy) noexcept;

}  // namespace parley
