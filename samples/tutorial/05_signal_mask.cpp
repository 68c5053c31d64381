// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// sighold, sigrelse, sigignore and sigpause, each for the length of a scope, and a pause that suspends one coroutine
// instead of the process.

#include <parley/loop/application.hpp>
#include <parley/signal/disposition.hpp>
#include <parley/signal/send_signal.hpp>
#include <parley/signal/signal_mask.hpp>
#include <parley/signal/signal_watcher.hpp>
#include <parley/signal/wait_signal.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <csignal>
#include <iostream>

namespace asio = parley::asio;
using namespace std::chrono_literals;

// [hold_release]
parley::task<> hold_and_release() {
    parley::signal_watcher watcher(co_await asio::this_coro::executor, {SIGUSR1});
    {
        const parley::scoped_signal_block held(SIGUSR1);  // sighold
        parley::raise_signal(SIGUSR1).value();
        std::cout << "held:     pending " << parley::pending_signals().value() << ", seen "
                  << watcher.try_wait().has_value() << "\n";
    }  // sigrelse: the mask of before is back, the signal arrives
    std::cout << "released: " << co_await watcher.async_wait() << std::endl;
}
// [/hold_release]

// [ignore]
void ignore() {
    const parley::scoped_disposition ignored(SIGUSR2, parley::disposition::ignore);  // sigignore
    parley::raise_signal(SIGUSR2).value();
    std::cout << "ignored:  SIGUSR2, disposition " << to_string(parley::current_disposition(SIGUSR2).value()) << "\n";
}
// [/ignore]

// [pause]
parley::task<> pause_until_a_signal() {
    const auto executor = co_await asio::this_coro::executor;
    const parley::scoped_signal_block held(SIGALRM);
    asio::steady_timer later(executor, 1ms);
    later.async_wait([](parley::error_code) { (void)parley::raise_signal(SIGALRM); });  // the loop goes on meanwhile
    const auto signal = co_await parley::async_wait_signal(executor, {SIGALRM});        // sigpause
    std::cout << "paused:   until " << signal << std::endl;
}
// [/pause]

parley::task<> all() {
    co_await hold_and_release();
    ignore();
    co_await pause_until_a_signal();
    std::cout << "restored: SIGUSR2 " << to_string(parley::current_disposition(SIGUSR2).value()) << ", blocked "
              << parley::current_mask().value() << std::endl;
}

int main() { return parley::run(all()); }
