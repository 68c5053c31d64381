// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Who holds the loop up? A computation on the loop lets everybody else wait, and the loop tells; on a thread of its own
// it does not.

#include <parley/loop/application.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <iostream>

namespace asio = parley::asio;
using namespace std::chrono_literals;

parley::task<> compute() {
    const auto end = std::chrono::steady_clock::now() + 300ms;
    while (std::chrono::steady_clock::now() < end) {}
    co_return;
}

// What everybody else does: a little, now and then.
parley::task<> serve_others() {
    asio::steady_timer timer(co_await asio::this_coro::executor, 20ms);
    co_await timer.async_wait(asio::use_awaitable);
}

parley::task<> work() {
    std::cout << "computing on the loop" << std::endl;
    co_await compute();
    co_await serve_others();

    std::cout << "computing on another thread" << std::endl;
    asio::thread_pool pool(1);
    co_await asio::co_spawn(pool, compute(), asio::use_awaitable);
    co_await serve_others();
    std::cout << "done" << std::endl;
}

// [watch]
int main() {
    parley::application_options options;
    options.loop.watch_lag = 10ms;
    options.loop.lag_limit = 100ms;
    options.loop.on_lag = [](std::chrono::milliseconds lag) {
        std::cout << "the loop was held up for " << lag.count() << " ms" << std::endl;
    };
    return parley::run(work(), options);
}
// [/watch]
