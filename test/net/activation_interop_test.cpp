// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Sockets that systemd's own tool hands over, as systemd does for a .socket unit.

#include "net_tools.hpp"
#include "process_tools.hpp"
#include "skip.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <string>

BOOST_AUTO_TEST_SUITE(activation_interop_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;
using stream = asio::generic::stream_protocol::socket;

constexpr const char* tool = "/usr/bin/systemd-socket-activate";

struct activation_fixture : process_fixture {
    temporary_directory directory;

    static bool is_here() {
        const bool here = exists(tool);
        if (!here) skip_case("needs systemd-socket-activate");
        return here;
    }
};

/// What the server at `where` says, which may not be there yet.
task<std::string> said_at(address where) {
    const auto ex = co_await asio::this_coro::executor;
    asio::steady_timer look(ex);
    stream s(ex);
    for (;;) {
        error_code ec;
        s = co_await async_connect(ex, where, asio::redirect_error(asio::use_awaitable, ec));
        if (!ec) break;
        look.expires_after(5ms);
        co_await look.async_wait(asio::use_awaitable);
    }
    std::string all;
    error_code ended;
    co_await asio::async_read(s, asio::dynamic_buffer(all), asio::redirect_error(asio::use_awaitable, ended));
    co_return all;
}

BOOST_FIXTURE_TEST_SUITE(activation_interop, activation_fixture)

BOOST_AUTO_TEST_CASE(sockets_of_systemd_are_taken_by_their_names) {
    if (!is_here()) return;
    const auto web = directory / "web", admin = directory / "admin";
    // It listens, starts the program at the first connection, and is replaced by it.
    auto started = start({.program = tool,
                          .arguments = {"--listen=" + web, "--listen=" + admin, "--fdname=web:admin", test_child(),
                                        "activated", "admin", "web"},
                          .err = stdio::null()});
    BOOST_TEST(run_task(io, said_at(at("unix:" + admin))) == "admin at unix:" + admin + "\n");
    BOOST_TEST(run_task(io, said_at(at("unix:" + web))) == "web at unix:" + web + "\n");
    BOOST_TEST(end_of(started).success());
    BOOST_TEST(exists(web));  // whoever made it removes it
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
