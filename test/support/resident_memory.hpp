// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How much memory this process has.
#pragma once

#include <fstream>
#include <string>

namespace parley::test {

/// VmRSS.
inline long resident_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
    return 0;
}

}  // namespace parley::test
