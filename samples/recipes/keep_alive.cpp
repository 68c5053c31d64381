// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Three workers that are kept alive: who dies is started again, SIGUSR1 asks how many run, SIGTERM or Ctrl-C ends all
// in order. With the word "alone" the program sends the two signals itself.

#include <parley/loop/application.hpp>
#include <parley/loop/task_group.hpp>
#include <parley/process/spawn.hpp>
#include <parley/signal/send_signal.hpp>
#include <parley/signal/signal_watcher.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <csignal>
#include <iostream>
#include <string>

namespace asio = parley::asio;
using namespace std::chrono_literals;

int running = 0;

// [worker]
parley::task<> keep_alive(std::string name, bool alone) {
    const auto io = co_await asio::this_coro::executor;
    for (int starts = 1;; ++starts) {
        // A worker that fails at its first start.
        const parley::command worker{
            .program = "/bin/sh",
            .arguments = {"-c", "[ $0 -gt 1 ] && exec sleep 1000; exit 3", std::to_string(starts)},
            .group = parley::process_group::own,  // Ctrl-C is for us alone
            .stop = {SIGTERM, 2s}};
        parley::child child = parley::spawn(io, worker).value();
        ++running;
        std::cout << name << ": started, number " << starts << std::endl;
        if (alone && starts == 2) parley::raise_signal(SIGUSR1).value();

        // [stop]
        const auto [cancelled, status] = co_await child.async_wait(asio::as_tuple(asio::use_awaitable));
        if (cancelled) {  // asked to end: from here on nothing interrupts us
            co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
            const parley::exit_status end = co_await child.async_stop();
            std::cout << name << ": stopped, " << end << std::endl;
            co_return;
        }
        // [/stop]
        --running;
        std::cout << name << ": " << status << std::endl;
    }
}
// [/worker]

// [main]
parley::task<> keep_all_alive(bool alone) {
    parley::signal_watcher questions(co_await asio::this_coro::executor, {SIGUSR1});
    co_await parley::with_task_group([&](parley::task_group& group) -> parley::task<> {
        for (const char* name : {"one", "two", "three"}) group.spawn(keep_alive(name, alone));
        for (int asked = 1;; ++asked) {
            co_await questions.async_wait();
            std::cout << "running: " << running << std::endl;
            if (alone && asked == 3) parley::raise_signal(SIGTERM).value();
        }
    });
}

int main(int argc, char*[]) { return parley::run(keep_all_alive(argc > 1)); }
// [/main]
