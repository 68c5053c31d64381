// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A program of someone who uses parley. Built in every way in which parley can be had.

#include <parley/process/run.hpp>
#include <parley/version.hpp>

#include <boost/asio/io_context.hpp>

#include <iostream>

int main() {
    boost::asio::io_context context;
    const parley::command echo{.program = "/bin/echo", .arguments = {"-n", "parley", PARLEY_VERSION_STRING}};
    bool done = false;
    parley::async_run(context.get_executor(), echo, [&](parley::error_code failure, parley::run_result result) {
        done = !failure && result.status.success();
        std::cout << result.out << "\n";
    });
    context.run();
    return done ? 0 : 1;
}
