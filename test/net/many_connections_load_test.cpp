// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Many connections at once, and many one after the other.

#include "descriptor_limits.hpp"
#include "load.hpp"
#include "sanitizers.hpp"
#include "served.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/test/data/test_case.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

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

struct load_fixture : net_fixture {
    const many_descriptors enough;

    /// So many connections whose both ends are here, beside a few other descriptors.
    std::size_t room_for_both_ends() const {
        constexpr std::size_t spare = 100, least = 10;
        const auto most = static_cast<std::size_t>(enough.most());
        return most > spare + 2 * least ? (most - spare) / 2 : least;
    }
    template <typename Work>
    static std::chrono::steady_clock::duration time_of(Work work) {
        const auto begin = std::chrono::steady_clock::now();
        work();
        return std::chrono::steady_clock::now() - begin;
    }

    /// `count` clients, all connected at the same time, each of which loses no message.
    void meet_all(std::size_t count) {
        auto server = parley::listen(io.get_executor(), local()).value();
        endings told;
        meeting all(io.get_executor());
        all.expected = count;
        auto body = in_a_group([&](task_group& tasks) -> task<> {
            tasks.spawn(serve(server, told));
            const auto before = open_descriptors().size();
            for (std::size_t i = 0; i < count; ++i) tasks.spawn(meet_and_talk(local(), i, all));
            co_await until([&] { return told.size() == count; });
            BOOST_TEST(open_descriptors().size() == before);
            tasks.cancel();
        });
        run_while_it_moves(io, std::move(body),
                           [&] { return server.counters().accepted + all.here + all.echoed + told.size(); });
        BOOST_TEST(all.here == count);
        BOOST_TEST(all.echoed == count * messages);
        BOOST_TEST(server.counters().accepted == count);
        BOOST_TEST(std::ranges::count(told, error_code(asio::error::eof)) == static_cast<std::ptrdiff_t>(count));
    }

    /// `count` clients, so many at once.
    void come_and_go_all(std::size_t count, int at_once) {
        auto server = parley::listen(io.get_executor(), local()).value();
        endings told;
        std::size_t left = count, echoed = 0;
        auto body = in_a_group([&](task_group& tasks) -> task<> {
            tasks.spawn(serve(server, told));
            const auto before = open_descriptors().size();
            for (int i = 0; i < at_once; ++i) tasks.spawn(come_and_go(local(), left, echoed));
            co_await until([&] { return told.size() == count; });
            BOOST_TEST(open_descriptors().size() == before);
            tasks.cancel();
        });
        run_while_it_moves(io, std::move(body), [&] { return server.counters().accepted + echoed + told.size(); });
        BOOST_TEST(echoed == count);
        BOOST_TEST(server.counters().accepted == count);
        BOOST_TEST(std::ranges::count(told, error_code(asio::error::eof)) == static_cast<std::ptrdiff_t>(count));
    }
};

BOOST_FIXTURE_TEST_SUITE(many_connections, load_fixture)

// As many as the limit of descriptors and the speed of the machine allow.
BOOST_AUTO_TEST_CASE(nine_thousand_connections_at_once_lose_no_message) {
    constexpr std::size_t wanted = sanitized ? 1000 : 9000;
    const auto sample = std::min<std::size_t>(100, room_for_both_ends());
    const auto taken = time_of([&] { meet_all(sample); });
    const auto count = affordable(std::min(wanted, room_for_both_ends()), sample, taken);
    if (count < 9000) BOOST_TEST_MESSAGE("with " << count << " connections, for a limit of " << enough.most());
    meet_all(count);
}

BOOST_DATA_TEST_CASE(clients_that_come_and_go_leave_nothing, data::make({1, 16}), at_once) {
    constexpr std::size_t wanted = sanitized ? 2000 : 20'000, sample = 200;
    const auto taken = time_of([&] { come_and_go_all(sample, at_once); });
    come_and_go_all(affordable(wanted, sample, taken), at_once);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
