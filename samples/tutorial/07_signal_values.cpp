// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Signals that carry a value (sigqueue): real-time signals keep their order and their number, and say who sent them.
// The child blocks them before anything else, so its watcher reads a signalfd, which loses none.

#include <parley/loop/application.hpp>
#include <parley/process/spawn.hpp>
#include <parley/signal/send_signal.hpp>
#include <parley/signal/signal_watcher.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <iostream>
#include <string>

namespace asio = parley::asio;

constexpr int how_many = 1000;

// [child]
parley::task<int> add_up() {
    parley::signal_watcher values(co_await asio::this_coro::executor, {SIGRTMIN});
    std::cout << "r" << std::flush;  // ready

    long sum = 0;
    int out_of_order = 0;
    parley::signal_event event;
    for (int i = 0; i < how_many; ++i) {
        event = co_await values.async_wait();
        out_of_order += event.value != i;
        sum += event.value;
    }
    std::cout << "child: " << how_many << " values by " << (values.uses_signalfd() ? "signalfd" : "handler") << ", sum "
              << sum << ", " << out_of_order << " out of order, the last was " << event << std::endl;
    co_return 0;
}
// [/child]

// [parent]
parley::task<int> send_values() {
    const auto executor = co_await asio::this_coro::executor;
    auto child =
        parley::spawn(executor, {.program = "/proc/self/exe", .arguments = {"child"}, .out = parley::stdio::pipe()})
            .value();
    std::string said(1, '\0');
    co_await asio::async_read(child.out(), asio::buffer(said), asio::use_awaitable);
    for (int i = 0; i < how_many; ++i) parley::queue_signal(child.pidfd(), SIGRTMIN, i).value();

    said.clear();
    parley::error_code end;
    co_await asio::async_read(child.out(), asio::dynamic_buffer(said), asio::redirect_error(asio::use_awaitable, end));
    std::cout << said << "parent: the child " << co_await child.async_wait() << std::endl;
    co_return 0;
}
// [/parent]

int main(int argc, char*[]) {
    if (argc > 1) return parley::run(add_up(), {.blocked = {SIGRTMIN}});
    return parley::run(send_values());
}
