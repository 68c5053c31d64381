// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "loop/lag_watch.hpp"

#include <parley/loop/event_loop.hpp>

#include "captured_log.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <stdexcept>
#include <vector>

BOOST_AUTO_TEST_SUITE(lag_watch_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;
using detail::lag_watch;

void compute(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {}
}

// Waits until `loop` has looked at its lag `n` times.
void wait_for_looks(event_loop& loop, asio::steady_timer& timer, std::uint64_t n) {
    if (loop.counters().looks >= n) return;
    timer.expires_after(1ms);
    timer.async_wait([&loop, &timer, n](error_code ec) {
        if (!ec) wait_for_looks(loop, timer, n);
    });
}

BOOST_AUTO_TEST_CASE(it_looks_once_in_a_period_and_the_lag_is_how_late_that_is) {
    lag_watch watch(10ms);
    const lag_watch::time_point start{1h};
    watch.begin(start);
    BOOST_TEST(!watch.begin_look(start + 9ms));
    BOOST_TEST(watch.begin_look(start + 11ms));
    BOOST_TEST(!watch.begin_look(start + 50ms));  // one at a time
    BOOST_TEST((watch.end_look(start + 60ms) == 50ms));
    BOOST_TEST((watch.due() == start + 70ms));
    BOOST_TEST(watch.take_ended() == 1u);
    BOOST_TEST(watch.take_ended() == 0u);
}

BOOST_AUTO_TEST_CASE(a_loop_that_does_not_run_is_not_late) {
    lag_watch watch(10ms);
    const lag_watch::time_point start{1h};
    watch.begin(start);
    watch.begin(start + 5s);
    BOOST_TEST(!watch.begin_look(start + 5s));
    BOOST_TEST(watch.begin_look(start + 6s));
    watch.begin(start + 9s);  // while a look was under way
    BOOST_TEST((watch.end_look(start + 9s + 1ms) == 1ms));
}

BOOST_AUTO_TEST_CASE(a_handler_that_blocks_is_seen_and_told) {
    for (const auto polling : {0us, 200us}) {
        std::vector<std::chrono::milliseconds> told;
        event_loop loop(
            {.busy_poll = polling, .watch_lag = 2ms, .lag_limit = 50ms, .on_lag = [&](std::chrono::milliseconds lag) {
                 told.push_back(lag);
             }});
        asio::steady_timer timer(loop.context(), 10ms);
        timer.async_wait([&](error_code) {
            compute(100ms);
            wait_for_looks(loop, timer, loop.counters().looks + 2);
        });
        loop.run();
        BOOST_TEST_REQUIRE(told.size() >= 1u);
        BOOST_TEST(std::ranges::max(told).count() >= 90);
        BOOST_TEST(loop.counters().max_lag.count() >= 90'000);
        BOOST_TEST(loop.counters().looks >= 2u);
        BOOST_TEST((loop.counters().total_lag >= loop.counters().max_lag));
        BOOST_TEST((loop.counters().mean_lag() < loop.counters().max_lag));
    }
}

BOOST_AUTO_TEST_CASE(many_short_handlers_hold_the_loop_up_as_a_long_one_does) {
    for (const auto polling : {0us, 200us}) {
        captured_log log;
        event_loop loop({.busy_poll = polling, .watch_lag = 2ms});
        for (int i = 0; i < 150; ++i) asio::post(loop.get_executor(), [] { compute(1ms); });
        loop.run();
        BOOST_TEST(loop.counters().max_lag.count() >= 100'000);
        BOOST_TEST(log.has("warning: the loop was held up for "));
    }
}

BOOST_AUTO_TEST_CASE(looking_is_no_work_and_counts_as_no_handler) {
    for (const auto polling : {0us, 200us}) {
        event_loop loop({.busy_poll = polling, .watch_lag = 1ms, .lag_limit = 1h});
        BOOST_TEST(loop.run() == 0u);
        loop.restart();
        asio::steady_timer timer(loop.context());
        int ran = 0;
        for (int i = 0; i < 3; ++i) asio::post(loop.get_executor(), [&] { ++ran; });
        timer.expires_after(20ms);
        timer.async_wait([&](error_code) { ++ran; });
        BOOST_TEST(loop.run() == 4u);
        BOOST_TEST(ran == 4);
        BOOST_TEST(loop.counters().handlers == 4u);
        BOOST_TEST(loop.counters().looks > 0u);
    }
}

BOOST_AUTO_TEST_CASE(what_is_called_for_a_lag_may_throw) {
    event_loop loop({.watch_lag = 1ms, .lag_limit = 0ms, .on_lag = [](auto) { throw std::runtime_error("late"); }});
    asio::steady_timer timer(loop.context(), 1h);
    timer.async_wait([](error_code) {});
    for (int i = 0; i < 2; ++i) BOOST_CHECK_THROW(loop.run(), std::runtime_error);
    BOOST_TEST(loop.counters().looks == 2u);
}

BOOST_AUTO_TEST_CASE(counters_print_as_a_line) {
    event_loop_counters c;
    c.handlers = 4;
    c.polls_paid = 3;
    c.polls_missed = 1;
    c.waits = 2;
    c.looks = 5;
    c.last_lag = 1200us;
    c.max_lag = 3ms;
    c.total_lag = 10ms;
    std::ostringstream line;
    line << c << '\n' << event_loop_counters();
    BOOST_TEST(
        line.str() ==
        "handlers 4; polls that paid 3, that did not 1; waits 2; lag in 5 looks: last 1200 us, mean 2000 us, max "
        "3000 us\n"
        "handlers 0; polls that paid 0, that did not 0; waits 0; lag in 0 looks: last 0 us, mean 0 us, max 0 us");
}

BOOST_AUTO_TEST_CASE(nothing_is_looked_at_where_it_was_not_asked_for) {
    for (const auto polling : {0us, 200us}) {
        event_loop loop({.busy_poll = polling, .on_lag = [](auto) { BOOST_ERROR("called"); }});
        asio::post(loop.get_executor(), [] { compute(150ms); });
        asio::steady_timer timer(loop.context(), 1ms);
        timer.async_wait([](error_code) {});
        loop.run();
        BOOST_TEST(loop.counters().looks == 0u);
        BOOST_TEST(loop.counters().max_lag.count() == 0);
    }
}

BOOST_AUTO_TEST_SUITE_END()
