// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "loop/busy_polling.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

BOOST_AUTO_TEST_SUITE(busy_polling_test)

using namespace std::chrono_literals;
using parley::detail::busy_polling;

constexpr busy_polling::duration none{};

struct fixture {
    busy_polling polling{100us};
    busy_polling::time_point now{1h};
};

BOOST_FIXTURE_TEST_SUITE(busy_polling_suite, fixture)

BOOST_AUTO_TEST_CASE(it_goes_on_while_it_pays) {
    for (int i = 0; i < 100; ++i) {
        BOOST_TEST((polling.window(now) == 100us));
        polling.paid();
    }
}

BOOST_AUTO_TEST_CASE(it_ends_when_nothing_comes_and_begins_when_something_would_have) {
    for (int i = 0; i < 5; ++i) polling.missed(10ms, now += 10ms);
    BOOST_TEST((polling.window(now) == none));
    polling.waited(10ms, now += 10ms);  // still nothing that polling would have seen
    BOOST_TEST((polling.window(now) == none));
    polling.waited(30us, now += 30us);
    BOOST_TEST((polling.window(now) == 100us));
}

BOOST_AUTO_TEST_CASE(one_long_wait_does_not_end_it) {
    polling.missed(10ms, now += 10ms);
    BOOST_TEST((polling.window(now) == 50us));
    polling.paid();
    BOOST_TEST((polling.window(now) == 100us));
}

// Both sides on one core: what is waited for comes as soon as the loop blocks.
BOOST_AUTO_TEST_CASE(it_stays_away_for_longer_each_time_when_the_other_side_needs_the_core) {
    busy_polling::duration polled{}, all{};
    while (all < 10s) {
        if (const auto window = polling.window(now); window != none) {
            polled += window;
            all += window;
            polling.missed(5us, now += window + 5us);
        } else {
            polling.waited(5us, now += 5us);
        }
        all += 5us;
    }
    BOOST_TEST((polled < all / 1000));
}

BOOST_AUTO_TEST_CASE(it_comes_back_when_the_core_is_free_again) {
    for (int i = 0; i < 3; ++i) {
        while (polling.window(now) == none) polling.waited(5us, now += 5us);
        polling.missed(5us, now);
    }
    const auto punished = now;
    while (polling.window(now) == none) polling.waited(5us, now += 5us);
    BOOST_TEST((now - punished <= 1s));
    polling.paid();
    polling.missed(5us, now);  // the punishment begins anew
    BOOST_TEST((polling.window(now + 1ms) != none));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
