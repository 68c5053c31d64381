// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the tests of signal_watcher and its relatives share.
#pragma once

#include "signal_leftovers.hpp"

#include <parley/signal/send_signal.hpp>
#include <parley/signal/signal_watcher.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <initializer_list>
#include <optional>
#include <ostream>

#include <unistd.h>

namespace parley::test {

/// The two ways of catching, with the same meaning.
enum class way { handler, signalfd };
inline std::ostream& operator<<(std::ostream& out, way w) {
    return out << (w == way::handler ? "handler" : "signalfd");
}
inline const auto both_ways = boost::unit_test::data::make({way::handler, way::signalfd});

/// A loop, and the usual signals blocked where a signalfd is to read them.
struct arrangement {
    explicit arrangement(way w) {
        if (w == way::signalfd)
            held.emplace(std::initializer_list<int>{SIGUSR1, SIGUSR2, SIGCHLD, SIGRTMIN, SIGRTMIN + 1});
    }
    std::optional<blocked> held;
    boost::asio::io_context io;
};

inline void send(int number) { send_signal(::getpid(), number).value(); }
inline void send(int number, int value) { queue_signal(::getpid(), number, value).value(); }

struct waited {
    bool done = false;
    error_code ec;
    signal_event event;

    bool aborted() const { return done && ec == boost::asio::error::operation_aborted; }
};

/// The handler of a wait: puts its result into `result`.
inline auto into(waited& result) {
    return [&result](error_code ec, signal_event event) { result = {true, ec, event}; };
}

/// Runs the loop until `done`; a minute is a guard against a broken build only.
template <typename Condition>
void run_until(boost::asio::io_context& io, Condition done) {
    using namespace std::chrono_literals;
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!done() && std::chrono::steady_clock::now() < deadline) {
        io.restart();
        io.run_one_for(1s);
    }
    BOOST_TEST_REQUIRE(done());
}

inline signal_event wait_one(boost::asio::io_context& io, signal_watcher& watcher) {
    waited result;
    watcher.async_wait(into(result));
    run_until(io, [&] { return result.done; });
    BOOST_TEST_REQUIRE(!result.ec, result.ec.message());
    return result.event;
}

}  // namespace parley::test
