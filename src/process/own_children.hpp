// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Which children of this process this library has started and not yet reaped.
#pragma once

#include <sys/types.h>

namespace parley {

/// From before a child exists until it was added: while one lives, nobody can say that a child is not ours.
class child_birth {
public:
    child_birth() noexcept;
    ~child_birth();
    child_birth(const child_birth&) = delete;
    child_birth& operator=(const child_birth&) = delete;
};

void add_own_child(pid_t child);
/// After it was reaped, by whomever, or given away. As often as it was added.
void forget_own_child(pid_t child) noexcept;

/// Whether this library has started it, and has neither reaped it nor given it away.
bool is_own_child(pid_t child) noexcept;

/// Whether a child that was there before this call was started by somebody else. False while a start is under way.
bool is_strange_child(pid_t child) noexcept;

}  // namespace parley
