// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Where a process runs.
#pragma once

namespace bench {

/// Pins this process to the last core, which interrupts like less than the first, or to the one that is
/// `from_the_end` before it; where there are not as many, to the first.
void pin_to_core(int from_the_end);

}  // namespace bench
