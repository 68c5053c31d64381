// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The first process of a container: starts the program given, hands signals on to it, reaps the orphans, and when it
// has ended stops what it left behind. Try it with: unshare -pf --mount-proc ./container_init PROGRAM ...

// [program]
#include <parley/loop/application.hpp>
#include <parley/process/init_duty.hpp>
#include <parley/process/process_tree.hpp>
#include <parley/signal/signal_watcher.hpp>

#include <boost/asio/this_coro.hpp>

#include <csignal>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace asio = parley::asio;

parley::task<int> stand_for(parley::command program) {
    const auto io = co_await asio::this_coro::executor;
    const parley::signal_mask handed_on{SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
    parley::signal_watcher signals(io, handed_on);  // before the program is there: none is lost
    const parley::init_duty duty(io);
    auto tree = parley::spawn_tree(io, program).value();
    co_await tree.async_forward(std::move(signals), parley::forward_to::leader);  // until it ends
    const parley::tree_report report = co_await tree.async_stop();
    std::cerr << "container_init: " << report << std::endl;
    co_return report.leader.shell_code();
}

int main(int argc, char* argv[]) {
    if (argc < 2) return 64;
    const parley::command program{.program = argv[1],
                                  .arguments = std::vector<std::string>(argv + 2, argv + argc),
                                  .search_path = std::string_view(argv[1]).find('/') == std::string_view::npos};
    return parley::run(stand_for(program), {.signals = {}});  // they are the program's
}
// [/program]
