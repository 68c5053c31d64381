// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a failed start says.
#pragma once

#include <parley/process/command.hpp>

#include "process/launcher.hpp"

#include <string>

namespace parley {

/// What the step had to do with, for a person: a directory, a limit, a descriptor; empty where the step says it all.
std::string describe(const command& what, const launch_failure& failed);

}  // namespace parley
