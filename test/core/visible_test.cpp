// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "core/visible.hpp"

#include <parley/core/error.hpp>

#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <sstream>
#include <string>

BOOST_AUTO_TEST_SUITE(visible_test)

using namespace parley;
using parley::detail::visible;

BOOST_AUTO_TEST_CASE(control_characters_are_shown_and_nothing_else_changes) {
    BOOST_TEST(visible("it's \"plain\"\tor \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80") ==
               "it's \"plain\"\tor \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    BOOST_TEST(visible(std::string_view("a\0b", 3)) == "a\\x00b");
    BOOST_TEST(visible("line\nnext\r\x1b[2J\x7f") == "line\\x0anext\\x0d\\x1b[2J\\x7f");
    BOOST_TEST(visible("\xc2\x9b"
                       "31m") == "\\x9b31m");
    BOOST_TEST(visible("\x9b"
                       "31m") == "\\x9b31m");
    BOOST_TEST(visible("\xc2\x80\xc2\x9f\xc2\xa0") == "\\x80\\x9f\xc2\xa0");
    BOOST_TEST(visible("\xff\xc3") == "\\xff\\xc3");
    BOOST_TEST(visible("\xe2\x9b\x9b") == "\xe2\x9b\x9b");  // 0x9b within a character
    BOOST_TEST(visible("\xe2\x9b") == "\\xe2\\x9b");        // and within none
    BOOST_TEST(visible("") == "");
}

BOOST_AUTO_TEST_CASE(an_error_is_told_in_one_line_and_is_no_order_to_a_terminal) {
    const error e(errc::program_not_found, "spawn 'a\nb\x1b[2J\xc2\x9b'");
    BOOST_TEST(e.message() == "spawn 'a\\x0ab\\x1b[2J\\x9b': program not found");
    BOOST_TEST(e.context() == "spawn 'a\nb\x1b[2J\xc2\x9b'");
    std::ostringstream printed;
    printed << e;
    BOOST_TEST(printed.str() == e.message());
    const result<int> failed = e;
    try {
        (void)failed.value();
        BOOST_ERROR("no exception");
    } catch (const boost::system::system_error& thrown) {
        const std::string what = thrown.what();
        BOOST_TEST(what.starts_with("spawn 'a\\x0ab\\x1b[2J\\x9b': program not found"), what);
    }
}

BOOST_AUTO_TEST_SUITE_END()
