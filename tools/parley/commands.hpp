// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The commands of the tool.
#pragma once

#include "options.hpp"

#include <parley/core/asio.hpp>

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace parley::tool {

/// What a command line asks for: the part that does it, and gives the exit code.
using plan = std::function<task<int>()>;

struct command {
    command_row row;
    /// Reads the whole command line before anything happens. Throws `usage_error`.
    plan (*prepare)(const command_line& line);
    /// It runs until a signal ends it, which is then no failure.
    bool is_server = false;
};

std::span<const command> all_commands();

extern const command call_command;
extern const command serve_command;
extern const command listen_command;
extern const command send_command;

/// `parley --help`, `parley COMMAND --help`.
std::string help();
std::string help_of(const command_row& row);

/// The tool, from its words, without its name, to its exit code.
int run_tool(std::span<const std::string_view> words);

}  // namespace parley::tool
