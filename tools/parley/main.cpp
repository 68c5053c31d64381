// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// parley: calls, serves, sends and listens, from a shell.

#include "commands.hpp"

#include <csignal>
#include <string_view>
#include <vector>

int main(int argc, char* argv[]) {
    std::signal(SIGPIPE, SIG_IGN);  // who reads no more is an error like others: sockets are removed then, too
    const std::vector<std::string_view> words(argv + (argc > 0 ? 1 : 0), argv + argc);
    return parley::tool::run_tool(words);
}
