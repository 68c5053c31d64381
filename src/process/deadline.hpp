// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Deadlines that no limit in time makes overflow.
#pragma once

#include <algorithm>
#include <chrono>

namespace parley {

/// The time that lies so far ahead, a hundred years at the most: more would not fit into a time_point.
inline std::chrono::steady_clock::time_point deadline_after(std::chrono::milliseconds time) {
    constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365 * 100);
    return std::chrono::steady_clock::now() + std::min(time, longest);
}

}  // namespace parley
