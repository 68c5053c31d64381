// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A deadline on anything, a group of tasks that ends together, and children that end with their scope.

#include <parley/core/timeout.hpp>
#include <parley/loop/application.hpp>
#include <parley/loop/task_group.hpp>
#include <parley/process/run.hpp>
#include <parley/process/spawn.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>

namespace asio = parley::asio;
using namespace std::chrono_literals;

// [timeout]
parley::task<> a_deadline() {
    const auto executor = co_await asio::this_coro::executor;
    const parley::command slow{.program = "/bin/sh", .arguments = {"-c", "echo begun; exec sleep 60"}};

    // The program is stopped and reaped before the time-out is reported; what it had said is not lost.
    const auto [error, result] =
        co_await with_timeout(parley::async_run(executor, slow), 200ms, asio::as_tuple(asio::use_awaitable));
    std::cout << "run: " << error.message() << ", it had said " << result.out << "     and was " << result.status
              << std::endl;
}
// [/timeout]

// [wait]
parley::task<> a_wait_that_is_given_up() {
    const auto executor = co_await asio::this_coro::executor;
    auto child = parley::spawn(executor, {.program = "/bin/sleep", .arguments = {"60"}}).value();
    const auto [error, status] = co_await with_timeout(child.async_wait(), 10ms, asio::as_tuple(asio::use_awaitable));
    std::cout << "wait: " << error.message() << ", the child runs on" << std::endl;
    std::cout << "stop: " << co_await child.async_stop(parley::stop_policy{SIGTERM, 5s}) << std::endl;
}
// [/wait]

// [group]
parley::task<> tick(const char* name) {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    try {
        for (;;) {
            timer.expires_after(1h);
            co_await timer.async_wait(asio::use_awaitable);
        }
    } catch (const boost::system::system_error&) {
        std::cout << name << ": cancelled" << std::endl;
        throw;
    }
}

parley::task<> fail() {
    throw std::runtime_error("one task failed");
    co_return;
}

parley::task<> a_group() {
    try {
        co_await parley::with_task_group([](parley::task_group& group) -> parley::task<> {
            group.spawn(tick("first"));
            group.spawn(tick("second"));
            group.spawn(fail());
            co_return;
        });
    } catch (const std::exception& e) {
        std::cout << "group: " << e.what() << ", and no task is left" << std::endl;
    }
}
// [/group]

parley::task<> all() {
    co_await a_deadline();
    co_await a_wait_that_is_given_up();
    co_await a_group();
}

int main() { return parley::run(all()); }
