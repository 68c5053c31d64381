// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The test child as a command, and the words it says.
#pragma once

#include "leftovers.hpp"
#include "run_task.hpp"
#include "test_child.hpp"

#include <parley/process/command.hpp>
#include <parley/process/run.hpp>
#include <parley/process/spawn.hpp>

#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

namespace parley::test {

/// The helper program in one of its modes.
inline command helper(argument_list words) { return {.program = test_child(), .arguments = std::move(words)}; }

inline command shell(std::string line) { return {.program = "/bin/sh", .arguments = {"-c", std::move(line)}}; }

/// The next line that the child says; empty at the end.
inline task<std::string> next_line(child& c) {
    std::string text;
    error_code ec;
    const auto n = co_await asio::async_read_until(c.out(), asio::dynamic_buffer(text), '\n',
                                                   asio::redirect_error(asio::use_awaitable, ec));
    co_return text.substr(0, n == 0 ? 0 : n - 1);
}

/// Starts `what` with its output piped and waits until it has said "ready".
inline task<child> start_ready(command what) {
    what.out = stdio::pipe();
    auto started = spawn(co_await asio::this_coro::executor, what).value();
    const auto said = co_await next_line(started);
    if (said != "ready") throw std::runtime_error("the child said '" + said + "'");
    co_return std::move(started);
}

/// Runs `io` until nothing is left to do; false when the guard passed before.
inline bool run_dry(asio::io_context& io) {
    if (guard_has_passed) return false;
    const auto end = std::chrono::steady_clock::now() + time_left();
    io.restart();
    while (io.run_one_until(end) != 0) {}
    if (!io.stopped()) guard_has_passed = true;
    return io.stopped();
}

/// A loop for children: nothing may be left of it, of its descriptors and of its children when the test ends.
struct process_fixture : no_leftovers {
    asio::io_context io;
    executor ex{io.get_executor()};

    ~process_fixture() { BOOST_TEST(run_dry(io), "the context still has work"); }

    child start(const command& what) { return spawn(ex, what).value(); }

    exit_status end_of(child& c) {
        return run_task(io, [](child& started) -> task<exit_status> { co_return co_await started.async_wait(); }(c));
    }

    exit_status status_of(const command& what) {
        auto started = start(what);
        return end_of(started);
    }

    run_result run(const command& what, const run_options& options = {}) {
        return run_task(io, [](executor on, command c, run_options o) -> task<run_result> {
            co_return co_await async_run(on, c, o);
        }(ex, what, options));
    }

    /// The error of a start that must fail.
    error failure(const command& what) {
        auto started = spawn(ex, what);
        BOOST_REQUIRE(started.has_error());
        return started.error();
    }
};

}  // namespace parley::test
