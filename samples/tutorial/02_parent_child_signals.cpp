// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The lecture's main program: a parent sends SIGHUP, SIGINT and SIGQUIT to its child; the child answers each one, and
// SIGQUIT ends it. No sleeps: the child says when it is ready, and every signal is acknowledged.

#include <parley/loop/application.hpp>
#include <parley/process/spawn.hpp>
#include <parley/signal/signal_name.hpp>
#include <parley/signal/signal_watcher.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <cstring>
#include <iostream>
#include <string>

#include <unistd.h>

namespace asio = parley::asio;

// [child]
parley::task<int> be_the_child() {
    parley::signal_watcher signals(co_await asio::this_coro::executor, {SIGHUP, SIGINT, SIGQUIT});
    std::cout << "ready" << std::endl;  // whatever is sent from now on is kept

    for (;;) {
        const auto signal = co_await signals.async_wait();
        std::cout << signal << std::endl;  // "SIGHUP from process 4711 (uid 1000)"
        if (signal.number == SIGQUIT) co_return 7;
    }
}
// [/child]

// [parent]
parley::task<std::string> next_line(asio::readable_pipe& from, std::string& buffer) {
    const auto length = co_await asio::async_read_until(from, asio::dynamic_buffer(buffer), '\n', asio::use_awaitable);
    const auto line = buffer.substr(0, length - 1);
    buffer.erase(0, length);
    co_return line;
}

parley::task<int> be_the_parent() {
    const auto executor = co_await asio::this_coro::executor;
    auto child =
        parley::spawn(executor, {.program = "/proc/self/exe", .arguments = {"child"}, .out = parley::stdio::pipe()})
            .value();
    std::cout << "parent " << ::getpid() << " has child " << child.pid() << std::endl;

    std::string buffer;
    std::cout << "child: " << co_await next_line(child.out(), buffer) << std::endl;
    for (const int number : {SIGHUP, SIGINT, SIGQUIT}) {
        std::cout << "parent: sends " << parley::signal_name(number).value() << std::endl;
        child.send_signal(number).value();
        std::cout << "child: " << co_await next_line(child.out(), buffer) << std::endl;
    }
    std::cout << "parent: the child " << co_await child.async_wait() << std::endl;
    co_return 0;
}

int main(int argc, char* argv[]) {
    if (argc > 1 && std::strcmp(argv[1], "child") == 0) return parley::run(be_the_child(), {.signals = {SIGTERM}});
    return parley::run(be_the_parent());
}
// [/parent]
