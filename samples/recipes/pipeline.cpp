// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The most frequent words of a text: programs in a row, with a coroutine of our own among them. Then a status for every
// stage, a reader that ends early, and a deadline for all.

#include <parley/core/timeout.hpp>
#include <parley/loop/application.hpp>
#include <parley/process/pipeline.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
namespace asio = parley::asio;
using parley::command;

// [stage]
// A stage between programs: lets lines of four letters and more through.
parley::task<> long_words(asio::readable_pipe& from, parley::pipe_writer& to) {
    std::string text;
    for (;;) {
        parley::error_code end;
        const auto length = co_await asio::async_read_until(from, asio::dynamic_buffer(text), '\n',
                                                            asio::redirect_error(asio::use_awaitable, end));
        if (end) co_return;  // no more lines; the next stage sees the end of its input
        if (length > 4) co_await asio::async_write(to, asio::buffer(text, length), asio::use_awaitable);
        text.erase(0, length);
    }
}
// [/stage]

// [run]
parley::task<> most_frequent_words() {
    const auto executor = co_await asio::this_coro::executor;
    const command words{.program = "/usr/bin/tr", .arguments = {"-s", " ", "\\n"}};
    const command sort{.program = "/usr/bin/sort"};
    const command count{.program = "/usr/bin/uniq", .arguments = {"-c"}};
    const command most_first{.program = "/usr/bin/sort", .arguments = {"-r", "-n"}};
    const auto all = words | parley::stage("long words", long_words) | sort | count | most_first;
    const parley::pipeline_options options{.input = "the pipe and the wire carry what the pipe and the word say\n"};

    const auto result = co_await parley::async_run(executor, all, options);
    std::cout << all << "\n" << result.out << "all of it: " << std::boolalpha << result.success() << std::endl;
}
// [/run]

// [status]
parley::task<> a_stage_that_fails() {
    const auto executor = co_await asio::this_coro::executor;
    const auto all = command{.program = "/bin/sh", .arguments = {"-c", "echo half; echo disk full >&2; exit 3"}} |
                     command{.program = "/bin/cat"};

    const auto result = co_await parley::async_run(executor, all);
    if (!result.success()) std::cout << "do not trust: " << result.out;  // though cat, the last, is content
    for (const auto& stage : result.stages)
        std::cout << stage.report.program << " " << stage.status << "; " << stage.err << std::endl;
}
// [/status]

// [head]
parley::task<> a_reader_that_ends_early() {
    const auto executor = co_await asio::this_coro::executor;
    const auto first = command{.program = "/usr/bin/yes"} | command{.program = "/usr/bin/head", .arguments = {"-n1"}};
    for (const bool forgive : {false, true}) {
        const parley::pipeline_options options{.forgive_sigpipe = forgive};
        const auto result = co_await parley::async_run(executor, first, options);
        std::cout << "yes was " << result.stages[0].status << ": " << (result.success() ? "fine" : "a failure")
                  << std::endl;
    }
}
// [/head]

// [timeout]
parley::task<> a_deadline() {
    const auto executor = co_await asio::this_coro::executor;
    const auto slow = command{.program = "/bin/sleep", .arguments = {"60"}} | command{.program = "/bin/cat"};

    const auto [error, result] =
        co_await with_timeout(parley::async_run(executor, slow), 100ms, asio::as_tuple(asio::use_awaitable));
    std::cout << error.message() << ":";
    for (const auto& stage : result.stages) std::cout << " " << stage.status << ",";  // nothing is left of it
    std::cout << " all are gone" << std::endl;
}
// [/timeout]

parley::task<> all() {
    co_await most_frequent_words();
    co_await a_stage_that_fails();
    co_await a_reader_that_ends_early();
    co_await a_deadline();
}

int main() { return parley::run(all()); }
