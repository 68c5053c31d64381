// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A command's words in the form that execve takes, checked.
#pragma once

#include <parley/core/error.hpp>
#include <parley/process/command.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace parley {

/// The vectors end with a null pointer and point into the strings beside them and into the command.
struct argument_block {
    std::string program;
    std::vector<const char*> arguments;
    std::vector<const char*> environment;
    std::vector<char> variables;  // one after the other, each with its NUL; not a string, whose bytes may move with it
    std::vector<char> process_number;  // "LISTEN_PID=" with room behind it for the child; empty: none
};

/// Checks and lays out what `c` says; the command must outlive the block. Errors name the culprit.
result<argument_block> lay_out(const command& c);

constexpr std::string_view process_number_name = "LISTEN_PID=";

/// Is this a variable that `environment_base::clean` leaves out?
bool steers_programs(std::string_view name) noexcept;

}  // namespace parley
