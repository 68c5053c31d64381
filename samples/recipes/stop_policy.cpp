// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Children are asked to end, given time, and killed if they do not listen; the report says how far it had to go.

#include <parley/loop/application.hpp>
#include <parley/process/spawn.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <csignal>
#include <iostream>
#include <string>

namespace asio = parley::asio;
using namespace std::chrono_literals;

// [start]
// A shell that waits for input for ever, and does what we say at SIGTERM.
parley::task<parley::child> start(parley::executor io, std::string at_sigterm) {
    const parley::command program{.program = "/bin/sh",
                                  .arguments = {"-c", at_sigterm + " echo ready; read word"},
                                  .in = parley::stdio::pipe(),
                                  .out = parley::stdio::pipe(),
                                  .stop = {SIGTERM, 10s}};  // ask, wait for 10 s, kill
    parley::child child = parley::spawn(io, program).value();
    std::string ready;
    co_await asio::async_read_until(child.out(), asio::dynamic_buffer(ready), '\n', asio::use_awaitable);
    co_return child;
}
// [/start]

// [stop]
parley::task<> stop_them() {
    const auto io = co_await asio::this_coro::executor;

    parley::child polite = co_await start(io, "trap 'exit 0' TERM;");
    co_await polite.async_stop();  // as its command says
    std::cout << "polite:   " << co_await polite.async_report() << "\n";

    parley::child ordinary = co_await start(io, "");
    ordinary.suspend().value();  // stopped; async_stop continues it, so that it can hear the question
    co_await ordinary.async_stop();
    std::cout << "ordinary: " << co_await ordinary.async_report() << "\n";

    parley::child deaf = co_await start(io, "trap '' TERM;");
    co_await deaf.async_stop(parley::stop_policy{SIGTERM, 50ms});  // with less patience than its command has
    const parley::exit_report report = co_await deaf.async_report();
    std::cout << "deaf:     " << report << "\n";
    if (report.step == parley::stop_step::killed) std::cout << "          it was asked, and did not listen\n";

    parley::child unlucky = co_await start(io, "");
    co_await unlucky.async_stop(parley::stop_policy::kill());  // nobody asks
    std::cout << "unlucky:  " << co_await unlucky.async_report() << std::endl;
}
// [/stop]

int main() { return parley::run(stop_them()); }
