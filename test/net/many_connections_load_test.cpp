// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Many connections at once, and many one after the other.

#include "descriptor_limits.hpp"
#include "sanitizers.hpp"
#include "served.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/test/data/test_case.hpp>

#include <algorithm>
#include <string>

BOOST_AUTO_TEST_SUITE(many_connections_load_test)

using namespace parley;
using namespace parley::test;
namespace data = boost::unit_test::data;

constexpr std::size_t messages = 10;

struct meeting {
    explicit meeting(const executor& io) : all_here(io, asio::steady_timer::time_point::max()) {}

    asio::steady_timer all_here;
    std::size_t expected = 0;
    std::size_t here = 0;
    std::size_t echoed = 0;
};

/// A client that speaks once all others are connected, too.
task<> meet_and_talk(address where, std::size_t number, meeting& all) {
    auto client = co_await client_of(where, to_echo);
    if (co_await is_echoed(client, "here")) ++all.here;
    error_code ignored;
    if (all.here == all.expected)
        all.all_here.cancel();
    else
        co_await all.all_here.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    for (std::size_t i = 0; i < messages; ++i)
        if (co_await is_echoed(client, "message " + std::to_string(i) + " of client " + std::to_string(number)))
            ++all.echoed;
}

/// Connects, talks and leaves until `left` is used up.
task<> come_and_go(address where, std::size_t& left, std::size_t& echoed) {
    while (left != 0) {
        const auto number = left--;
        auto client = co_await client_of(where, to_echo);
        if (co_await is_echoed(client, "client " + std::to_string(number))) ++echoed;
    }
}

BOOST_FIXTURE_TEST_SUITE(many_connections, net_fixture)

BOOST_AUTO_TEST_CASE(nine_thousand_connections_at_once_lose_no_message) {
    const many_descriptors enough;
    // Both ends of each are here, and a few others.
    constexpr std::size_t wanted = sanitized ? 1000 : 9000, spare = 200;
    const auto count = std::min<std::size_t>(wanted, (static_cast<std::size_t>(enough.most()) - spare) / 2);
    if (count < 9000)
        BOOST_TEST_MESSAGE("with " << count << " connections: a sanitizer, or a limit of " << enough.most());
    auto server = parley::listen(io.get_executor(), local()).value();
    endings told;
    meeting all(io.get_executor());
    all.expected = count;
    run(in_a_group([&](task_group& tasks) -> task<> {
        tasks.spawn(serve(server, told));
        const auto before = open_descriptors().size();
        for (std::size_t i = 0; i < count; ++i) tasks.spawn(meet_and_talk(local(), i, all));
        co_await until([&] { return told.size() == count; });
        BOOST_TEST(open_descriptors().size() == before);
        tasks.cancel();
    }));
    BOOST_TEST(all.here == count);
    BOOST_TEST(all.echoed == count * messages);
    BOOST_TEST(server.counters().accepted == count);
    BOOST_TEST(std::ranges::count(told, error_code(asio::error::eof)) == static_cast<std::ptrdiff_t>(count));
}

BOOST_DATA_TEST_CASE(clients_that_come_and_go_leave_nothing, data::make({1, 16}), at_once) {
    constexpr std::size_t count = sanitized ? 2000 : 20'000;
    auto server = parley::listen(io.get_executor(), local()).value();
    endings told;
    std::size_t left = count, echoed = 0;
    run(in_a_group([&](task_group& tasks) -> task<> {
        tasks.spawn(serve(server, told));
        const auto before = open_descriptors().size();
        for (int i = 0; i < at_once; ++i) tasks.spawn(come_and_go(local(), left, echoed));
        co_await until([&] { return told.size() == count; });
        BOOST_TEST(open_descriptors().size() == before);
        tasks.cancel();
    }));
    BOOST_TEST(echoed == count);
    BOOST_TEST(server.counters().accepted == count);
    BOOST_TEST(std::ranges::count(told, error_code(asio::error::eof)) == static_cast<std::ptrdiff_t>(count));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
