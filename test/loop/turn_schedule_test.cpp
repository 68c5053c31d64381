// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "loop/turn_schedule.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>

BOOST_AUTO_TEST_SUITE(turn_schedule_test)

using parley::detail::turn_schedule;

struct fixture {
    turn_schedule turns;

    // How many looks, each of which brings `come`, until there is a turn, in which `ran` handlers run.
    unsigned looks_until_turn(std::size_t come, std::size_t ran) {
        unsigned looks = 1;
        for (; !turns.looked(come); ++looks) BOOST_REQUIRE(looks < 1000u);
        turns.had_turn(ran);
        return looks;
    }
    void wait_in_vain() {
        for (int i = 0; i < 10; ++i) looks_until_turn(0, 0);
    }
};

BOOST_FIXTURE_TEST_SUITE(turn_schedule_suite, fixture)

BOOST_AUTO_TEST_CASE(a_context_with_something_to_do_has_a_turn_after_each_look) {
    for (int i = 0; i < 100; ++i) BOOST_TEST(looks_until_turn(i % 2, 1) == 1u);
}

BOOST_AUTO_TEST_CASE(one_without_has_it_less_and_less_but_never_less_than_after_sixteen) {
    for (const unsigned looks : {1u, 2u, 4u, 8u, 16u, 16u, 16u}) BOOST_TEST(looks_until_turn(0, 0) == looks);
    BOOST_TEST(looks_until_turn(0, 3) == 16u);
    BOOST_TEST(looks_until_turn(0, 0) == 1u);
}

BOOST_AUTO_TEST_CASE(it_has_a_turn_when_nothing_comes_behind_what_has_come) {
    wait_in_vain();
    BOOST_TEST(!turns.looked(0));
    BOOST_TEST(!turns.looked(2));
    BOOST_TEST(turns.looked(0));
    turns.had_turn(0);
    BOOST_TEST(looks_until_turn(0, 0) == 16u);
}

BOOST_AUTO_TEST_CASE(it_has_a_turn_although_something_comes_each_time) {
    wait_in_vain();
    BOOST_TEST(looks_until_turn(1, 0) == 16u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
