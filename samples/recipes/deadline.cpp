// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A program is fed, captured and given five seconds; Ctrl-C stops it in order, too.

// [program]
#include <parley/core/timeout.hpp>
#include <parley/loop/application.hpp>
#include <parley/process/run.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>

using namespace std::chrono_literals;
namespace asio = parley::asio;

parley::task<int> count_words() {
    const auto executor = co_await asio::this_coro::executor;
    const parley::command job{
        .program = "/bin/sh", .arguments = {"-c", "sort | uniq -c; echo done >&2"}, .stop = {SIGTERM, 2s}};
    const parley::run_options options{.input = "pear\napple\npear\n", .output_limit = 1 << 20};

    const auto [error, result] =
        co_await with_timeout(parley::async_run(executor, job, options), 5s, asio::as_tuple(asio::use_awaitable));
    std::cout << result.out << result.err << (error ? error.message() : to_string(result.status)) << std::endl;
    co_return error ? 1 : result.status.shell_code();
}

int main() { return parley::run(count_words()); }
// [/program]
