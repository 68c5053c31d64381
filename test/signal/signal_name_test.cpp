// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/signal/signal_name.hpp>

#include "core/visible.hpp"

#include <parley/signal/signal_catalogue.hpp>

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <string>

BOOST_AUTO_TEST_SUITE(signal_name_test)

using parley::signal_name;
using parley::signal_number;

BOOST_AUTO_TEST_CASE(takes_a_name_with_and_without_the_prefix_in_any_case) {
    for (const auto* text : {"INT", "SIGINT", "int", "sigint", "SigInt"})
        BOOST_TEST(signal_number(text).value() == SIGINT, text);
}

BOOST_AUTO_TEST_CASE(takes_a_decimal_number) {
    BOOST_TEST(signal_number("2").value() == SIGINT);
    BOOST_TEST(signal_number(std::to_string(SIGRTMAX)).value() == SIGRTMAX);
}

BOOST_AUTO_TEST_CASE(takes_the_aliases) {
    BOOST_TEST(signal_number("SIGIOT").value() == SIGABRT);
    BOOST_TEST(signal_number("POLL").value() == SIGIO);
    BOOST_TEST(signal_number("cld").value() == SIGCHLD);
    BOOST_TEST(signal_number("UNUSED").value() == SIGSYS);
}

BOOST_AUTO_TEST_CASE(counts_real_time_signals_from_both_ends) {
    BOOST_TEST(signal_number("RTMIN").value() == SIGRTMIN);
    BOOST_TEST(signal_number("SIGRTMIN+3").value() == SIGRTMIN + 3);
    BOOST_TEST(signal_number("rtmin+0").value() == SIGRTMIN);
    BOOST_TEST(signal_number("RTMAX-1").value() == SIGRTMAX - 1);
    BOOST_TEST(signal_number("sigrtmax").value() == SIGRTMAX);
    BOOST_TEST(signal_number("RTMIN+" + std::to_string(SIGRTMAX - SIGRTMIN)).value() == SIGRTMAX);
}

BOOST_AUTO_TEST_CASE(refuses_everything_else_and_names_it) {
    const std::string beyond = "RTMIN+" + std::to_string(SIGRTMAX - SIGRTMIN + 1);
    for (const std::string text : {"",
                                   "SIG",
                                   "FOO",
                                   " INT",
                                   "INT ",
                                   "INT\n",
                                   "SIGSIGINT",
                                   "0",
                                   "-1",
                                   "+2",
                                   "2x",
                                   "0x2",
                                   "65",
                                   "32",
                                   "33",
                                   "99999999999999999999",
                                   "RTMIN-1",
                                   "RTMAX+1",
                                   "RTMIN+",
                                   "RTMIN+-1",
                                   "RTMIN+1x",
                                   "RTMIN+99999999999",
                                   "RTMID",
                                   "RT",
                                   beyond.c_str(),
                                   "INTERRUPT"}) {
        const auto number = signal_number(text);
        BOOST_TEST(number.has_error(), "\"" << text << "\" was taken as " << (number ? *number : 0));
        if (number) continue;
        BOOST_TEST(number.error().code() == make_error_code(parley::errc::unknown_signal));
        BOOST_TEST(number.error().message() == "signal \"" + parley::detail::visible(text) + "\": no such signal");
    }
}

BOOST_AUTO_TEST_CASE(does_not_repeat_a_long_text_whole) {
    const auto number = signal_number(std::string(1 << 20, 'x'));
    BOOST_TEST(number.error().message().size() < 100);
}

BOOST_AUTO_TEST_CASE(gives_names_for_numbers) {
    BOOST_TEST(signal_name(SIGINT).value() == "SIGINT");
    BOOST_TEST(signal_name(SIGABRT).value() == "SIGABRT");
    BOOST_TEST(signal_name(SIGRTMIN).value() == "SIGRTMIN");
    BOOST_TEST(signal_name(SIGRTMIN + 3).value() == "SIGRTMIN+3");
    BOOST_TEST(signal_name(SIGRTMAX).value() == "SIGRTMAX");
}

BOOST_AUTO_TEST_CASE(an_unknown_number_is_an_error) {
    for (const int number : {0, -1, 32, 33, SIGRTMAX + 1, 1 << 30}) {
        const auto name = signal_name(number);
        BOOST_TEST_REQUIRE(name.has_error());
        BOOST_TEST(name.error().message() == "signal " + std::to_string(number) + ": no such signal");
    }
}

BOOST_AUTO_TEST_CASE(every_name_leads_back_to_its_number) {
    for (const auto& row : parley::signal_catalogue())
        BOOST_TEST(signal_number(signal_name(row.number).value()).value() == row.number);
}

BOOST_AUTO_TEST_SUITE_END()
