// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Ctrl-C is caught and counted, Ctrl-\ ends the program. With the word "alone" it presses the keys itself.

#include <parley/loop/application.hpp>
#include <parley/signal/send_signal.hpp>
#include <parley/signal/signal_watcher.hpp>

#include <boost/asio/this_coro.hpp>

#include <csignal>
#include <iostream>

// [main]
parley::task<int> count_keys(bool alone) {
    parley::signal_watcher keys(co_await parley::asio::this_coro::executor, {SIGINT, SIGQUIT});
    std::cout << "press Ctrl-C as often as you like, Ctrl-\\ to end" << std::endl;

    for (int count = 0;;) {
        if (alone) (void)parley::raise_signal(count < 3 ? SIGINT : SIGQUIT);
        const auto key = co_await keys.async_wait();
        if (key.number == SIGQUIT) {
            std::cout << "Ctrl-\\ after " << count << " times Ctrl-C" << std::endl;
            co_return 0;
        }
        std::cout << "Ctrl-C, number " << ++count << std::endl;  // any code may run here: this is no signal handler
    }
}

int main(int argc, char*[]) {
    // Ctrl-C is ours here; only SIGTERM ends the program from outside.
    return parley::run(count_keys(argc > 1), {.signals = {SIGTERM}});
}
// [/main]
