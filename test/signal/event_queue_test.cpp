// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "signal/event_queue.hpp"

#include "core/syscall.hpp"
#include "leftovers.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <thread>
#include <vector>

#include <poll.h>

BOOST_AUTO_TEST_SUITE(event_queue_test)

using parley::signal_event;
using parley::detail::event_queue;

event_queue make_queue(std::size_t limit) { return event_queue(limit, parley::sys::eventfd().value()); }

signal_event numbered(int value) { return {.number = 1, .value = value}; }

bool audible(const event_queue& queue) {
    pollfd ready{queue.bell(), POLLIN, 0};
    return ::poll(&ready, 1, 0) == 1;
}

BOOST_FIXTURE_TEST_SUITE(clean, parley::test::no_leftovers)

BOOST_AUTO_TEST_CASE(keeps_the_order) {
    auto queue = make_queue(8);
    BOOST_TEST(queue.empty());
    for (int i = 0; i < 5; ++i) queue.push(numbered(i));
    BOOST_TEST(!queue.empty());
    for (int i = 0; i < 5; ++i) BOOST_TEST(queue.pop()->value == i);
    BOOST_TEST(!queue.pop());
    BOOST_TEST(queue.empty());
}

BOOST_AUTO_TEST_CASE(rounds_its_size_up_to_a_power_of_two) {
    BOOST_TEST(make_queue(1).capacity() == 2u);
    BOOST_TEST(make_queue(5).capacity() == 8u);
    BOOST_TEST(make_queue(8).capacity() == 8u);
}

BOOST_AUTO_TEST_CASE(counts_what_does_not_fit_and_says_so_with_the_next_that_does) {
    auto queue = make_queue(4);
    for (int i = 0; i < 7; ++i) queue.push(numbered(i));
    BOOST_TEST(queue.missed() == 3u);
    BOOST_TEST(queue.pop()->missed == 0u);
    queue.push(numbered(7));
    queue.push(numbered(8));  // full again
    for (int i = 1; i < 4; ++i) BOOST_TEST(queue.pop()->missed == 0u);
    const auto after_the_loss = queue.pop();
    BOOST_TEST(after_the_loss->value == 7);
    BOOST_TEST(after_the_loss->missed == 3u);
    queue.push(numbered(9));
    BOOST_TEST(queue.pop()->missed == 1u);
    BOOST_TEST(queue.missed() == 4u);
}

BOOST_AUTO_TEST_CASE(one_of_each_number_that_is_not_in_goes_in_beyond_the_limit) {
    auto queue = make_queue(4);
    for (int i = 0; i < 6; ++i) queue.push(numbered(i));
    for (int round = 0; round < 2; ++round)
        for (int number = 1; number < NSIG; ++number) queue.push({.number = number, .value = 100 + round});
    BOOST_TEST(queue.missed() == 2u + 1 + NSIG - 1);  // of the first, and the second of each
    for (int i = 0; i < 4; ++i) BOOST_TEST(queue.pop()->value == i);
    queue.push({.number = 5, .value = 200});  // still in, and no room
    BOOST_TEST(queue.missed() == 2u + NSIG + 1);
    for (int number = 2; number < NSIG; ++number) {  // in the order in which they came
        const auto event = queue.pop();
        BOOST_TEST_REQUIRE(event.has_value());
        BOOST_TEST(event->number == number);
        BOOST_TEST(event->value == 100);
    }
    BOOST_TEST(!queue.pop());
}

BOOST_AUTO_TEST_CASE(a_number_that_was_taken_goes_in_again_beyond_the_limit) {
    auto queue = make_queue(2);
    for (int round = 0; round < 1000; ++round) {
        queue.push(numbered(0));
        queue.push(numbered(1));
        queue.push(numbered(2));
        queue.push({.number = 15, .value = round});
        queue.push({.number = 15, .value = -1});
        BOOST_TEST_REQUIRE(queue.pop()->number == 1);
        BOOST_TEST_REQUIRE(queue.pop()->number == 1);
        BOOST_TEST_REQUIRE(queue.pop()->value == round);
        BOOST_TEST_REQUIRE(queue.empty());
    }
    BOOST_TEST(queue.missed() == 2000u);
}

BOOST_AUTO_TEST_CASE(goes_round_many_times) {
    for (const std::size_t limit : {1, 2, 4, 64}) {
        auto queue = make_queue(limit);
        int pushed = 0, popped = 0;
        while (popped < 10'000) {
            for (std::size_t i = 0; i < queue.capacity(); ++i) queue.push(numbered(pushed++));
            for (std::size_t i = 0; i < queue.capacity(); ++i) {
                const auto event = queue.pop();
                BOOST_TEST_REQUIRE(event.has_value());
                BOOST_TEST_REQUIRE(event->value == popped++);
            }
            BOOST_TEST_REQUIRE(queue.empty());
        }
        BOOST_TEST(queue.missed() == 0u);
    }
}

BOOST_AUTO_TEST_CASE(the_bell_rings_once_until_hushed) {
    auto queue = make_queue(4);
    BOOST_TEST(!audible(queue));
    queue.ring();
    queue.ring();
    BOOST_TEST(audible(queue));
    std::uint64_t strokes = 0;
    BOOST_TEST(parley::sys::read(queue.bell(), &strokes, sizeof strokes).value() == sizeof strokes);
    BOOST_TEST(strokes == 1u);
    queue.hush();
    queue.ring();
    BOOST_TEST(audible(queue));
    queue.hush();
    BOOST_TEST(!audible(queue));
}

BOOST_AUTO_TEST_CASE(no_event_is_lost_or_doubled_between_threads) {
    constexpr int producers = 3, each = 20'000;
    auto queue = make_queue(64);
    std::vector<std::thread> threads;
    std::atomic<int> running{producers};
    for (int p = 0; p < producers; ++p)
        threads.emplace_back([&, p] {
            for (int i = 0; i < each; ++i) queue.push({.number = p, .value = i});
            --running;
        });
    std::vector<std::int64_t> received(producers), last(producers, -1);
    std::uint64_t missed = 0;
    const auto take = [&](const signal_event& event) {
        const auto p = static_cast<std::size_t>(event.number);
        BOOST_TEST_REQUIRE(event.value > last[p]);
        last[p] = event.value;
        ++received[p];
        missed += event.missed;
    };
    while (running > 0)
        while (const auto event = queue.pop()) take(*event);
    for (auto& thread : threads) thread.join();
    while (const auto event = queue.pop()) take(*event);
    std::uint64_t total = queue.missed();
    for (const auto count : received) total += static_cast<std::uint64_t>(count);
    BOOST_TEST(total == static_cast<std::uint64_t>(producers * each));
    BOOST_TEST(missed <= queue.missed());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
