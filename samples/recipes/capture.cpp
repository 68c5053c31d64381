// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a program says, in strings: both streams at once, no more than we want, the end of a long story, and what was
// said before the time was up.

#include <parley/loop/application.hpp>
#include <parley/process/run.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <iostream>

namespace asio = parley::asio;
using namespace std::chrono_literals;

// [both]
parley::task<> both_streams(parley::executor io) {
    const parley::command program{.program = "/bin/sh", .arguments = {"-c", "echo bread; echo no butter >&2; exit 3"}};
    const parley::run_result said = co_await parley::async_run(io, program);
    std::cout << "out: " << said.out << "err: " << said.err << "end: " << said.status << "\n";
}
// [/both]

// [limit]
parley::task<> no_more_than_that(parley::executor io) {
    const parley::command endless{.program = "/usr/bin/yes"};
    const parley::run_options options{.output_limit = 1000};
    const auto [error, said] = co_await parley::async_run(io, endless, options, asio::as_tuple(asio::use_awaitable));
    std::cout << "limit: " << said.out.size() << " bytes, then " << error.message() << "; yes was " << said.status
              << "\n";
}
// [/limit]

// [tail]
parley::task<> the_end_of_the_story(parley::executor io) {
    const parley::command story{.program = "/usr/bin/seq", .arguments = {"100000"}};
    const parley::run_options options{.output_limit = 19, .on_overflow = parley::capture_overflow::keep_tail};
    const parley::run_result said = co_await parley::async_run(io, story, options);
    std::cout << (said.out_truncated ? "the last lines:\n" : "all lines:\n") << said.out;
}
// [/tail]

// [timeout]
parley::task<> until_the_time_is_up(parley::executor io) {
    const parley::command slow{.program = "/bin/sh", .arguments = {"-c", "echo half of it; exec sleep 60"}};
    const parley::run_options options{.timeout = 500ms};
    const auto [error, said] = co_await parley::async_run(io, slow, options, asio::as_tuple(asio::use_awaitable));
    std::cout << "timeout: " << error.message() << ", it had said " << said.out;
}
// [/timeout]

parley::task<> all() {
    const auto io = co_await asio::this_coro::executor;
    co_await both_streams(io);
    co_await no_more_than_that(io);
    co_await the_end_of_the_story(io);
    co_await until_the_time_is_up(io);
}

int main() { return parley::run(all()); }
