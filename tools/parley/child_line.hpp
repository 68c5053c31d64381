// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A child that was given as a command line.
#pragma once

#include <parley/process/command.hpp>

#include <string>
#include <vector>

namespace parley::tool {

/// The command of `words`, of which there is at least one. A program without a slash is looked for in PATH.
inline parley::command command_of(const std::vector<std::string>& words) {
    parley::command what;
    what.program = words.front();
    what.search_path = words.front().find('/') == std::string::npos;
    what.arguments = std::vector<std::string>(words.begin() + 1, words.end());
    return what;
}

}  // namespace parley::tool
