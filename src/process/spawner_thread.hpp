// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A thread that lasts as long as the process: PR_SET_PDEATHSIG fires when the thread that made the child ends.
#pragma once

#include "process/launcher.hpp"

#include <variant>

namespace parley {

/// `launch` on that thread; the caller waits. Without a thread (none was to be had) an error of the step `clone`.
std::variant<launched, launch_failure> launch_from_lasting_thread(const launch_plan& plan) noexcept;

}  // namespace parley
