// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A program that is to do little: as nobody, never to gain rights again, within limits. Only the change of the user
// needs root's rights; without them that start fails, and the program runs as the user who we are.

#include <parley/loop/application.hpp>
#include <parley/process/run.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>

#include <sys/resource.h>

namespace asio = parley::asio;

// [run]
parley::task<int> run_with_little(parley::identity nobody) {
    // [command]
    parley::command program{
        .program = "/bin/sh",
        .arguments = {"-c", "id; umask; ulimit -n; grep NoNewPrivs /proc/self/status"},
        .environment = {.base = parley::environment_base::clean},
        .directory = "/",
        .run_as = nobody,
        .no_new_privs = true,     // what it runs cannot gain rights either: sudo is of no use
        .die_with_parent = true,  // it does not outlive us
        .umask = 077,
        .nice = 19,
        .limits = {{RLIMIT_NOFILE, 64, 64}, {RLIMIT_CORE, 0, 0}, {RLIMIT_CPU, 10, 10}},
        .verify = true,  // look again, right before it begins
    };
    // [/command]
    const auto io = co_await asio::this_coro::executor;
    auto [error, result] = co_await parley::async_run(io, program, asio::as_tuple(asio::use_awaitable));
    if (error == boost::system::errc::operation_not_permitted) {
        std::cout << "without the rights to be somebody else: " << error.message() << "\n";
        program.run_as.reset();
        result = co_await parley::async_run(io, program);
    }
    std::cout << result.out << result.err << result.status << std::endl;
    co_return result.status.shell_code();
}

int main() {
    const auto nobody = parley::find_identity("nobody").value();  // may wait for a name service: before there is a loop
    return parley::run(run_with_little(nobody));
}
// [/run]
