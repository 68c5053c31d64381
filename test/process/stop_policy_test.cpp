// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/stop_policy.hpp>

#include <boost/test/unit_test.hpp>

#include <sstream>

BOOST_AUTO_TEST_SUITE(stop_policy_test)

BOOST_AUTO_TEST_CASE(the_default_asks_first_and_kills_later) {
    const parley::stop_policy p;
    BOOST_TEST(p.signal == SIGTERM);
    BOOST_TEST(p.grace.count() > 0);
}

BOOST_AUTO_TEST_CASE(kill_does_not_wait) {
    BOOST_TEST(parley::stop_policy::kill().signal == SIGKILL);
    BOOST_TEST(parley::stop_policy::kill().grace.count() == 0);
}

BOOST_AUTO_TEST_CASE(a_policy_prints) {
    using namespace std::chrono_literals;
    std::ostringstream out;
    out << parley::stop_policy{SIGINT, 250ms} << "; " << parley::stop_policy::kill();
    BOOST_TEST(out.str() == "SIGINT, SIGKILL after 0.250 s; SIGKILL");
}

BOOST_AUTO_TEST_SUITE_END()
