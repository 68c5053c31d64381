// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Deadlines that no limit in time makes overflow.
#pragma once

#include <parley/core/timer.hpp>

#include <chrono>

namespace parley {

/// The time that lies so far ahead; one that never comes for what does not fit into a time_point.
inline std::chrono::steady_clock::time_point deadline_after(std::chrono::milliseconds time) {
    return detail::time_after(time);
}

}  // namespace parley
