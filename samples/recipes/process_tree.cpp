// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Programs that start others, stopped with everything that they have started.

#include <parley/loop/application.hpp>
#include <parley/process/process_tree.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <iostream>
#include <string>

namespace asio = parley::asio;
using namespace std::chrono_literals;

parley::task<> a_service_and_its_daemons(parley::executor io) {
    // [start]
    // It leaves a daemon behind, in a session of its own and without a parent, and does not listen to SIGTERM.
    const parley::command service{
        .program = "/bin/sh",
        .arguments = {"-c", "trap '' TERM; (setsid sleep 1000 &); sleep 1000 & exec sleep 1000"},
        .stop = {SIGTERM, 200ms}};
    parley::process_tree tree = parley::spawn_tree(io, service).value();
    std::cout << "service: held together by a " << tree.means() << std::endl;
    if (tree.why_no_cgroup().code()) std::cout << "service: " << tree.why_no_cgroup() << std::endl;
    // [/start]
    auto members = co_await tree.async_list();
    while (std::ranges::count(members, "sleep", &parley::tree_process::name) != 3)  // until all have begun
        members = co_await tree.async_list();

    // [stop]
    for (const auto& process : members) std::cout << "service: " << process << std::endl;
    const parley::tree_report report = co_await tree.async_stop();
    std::cout << "service: " << report << std::endl;
    for (const auto& left : report.left) std::cout << "service: could not kill " << left << std::endl;
    // [/stop]
}

parley::task<> a_job_with_helpers(parley::executor io) {
    // [wait]
    // The job ends before its helpers do; with `subreaper` they become children of this program when it does.
    const parley::command job{.program = "/bin/sh", .arguments = {"-c", "sleep 0.1 & sleep 0.2 & exit 3"}};
    const parley::tree_options options{.cgroup = parley::cgroup_use::never, .subreaper = true};
    auto tree = parley::spawn_tree(io, job, options).value();
    std::cout << "job: the leader " << co_await tree.async_wait() << std::endl;
    std::cout << "job: " << co_await tree.async_wait_empty() << std::endl;
    // [/wait]
}

parley::task<> examples() {
    const auto io = co_await asio::this_coro::executor;
    co_await a_service_and_its_daemons(io);
    co_await a_job_with_helpers(io);
}

int main() { return parley::run(examples()); }
