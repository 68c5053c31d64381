// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Where a process runs.
#pragma once

#include "bench.hpp"

namespace bench {

/// The two sides of a run: this process, and those at the other end.
enum class side { here, there };

/// Pins this process to a core: to the last, which interrupts like less than the first, or, where the sides are apart
/// and this is the one that is not here, to the one before the last. Where there is one core, to that.
void pin(cpus where, side which);

}  // namespace bench
