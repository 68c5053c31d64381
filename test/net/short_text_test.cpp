// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/short_text.hpp>

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>

BOOST_AUTO_TEST_SUITE(short_text_test)

using text = parley::short_text<4>;

static_assert(std::is_trivially_copyable_v<text> && std::is_trivially_destructible_v<text>);

BOOST_AUTO_TEST_CASE(a_text_is_made_of_any_kind_of_text) {
    BOOST_TEST(text("ab") == "ab");
    BOOST_TEST(text(std::string("ab")) == std::string("ab"));
    BOOST_TEST(text(std::string_view("ab")) == std::string_view("ab"));
    BOOST_TEST(text("ab") == text(std::string("ab")));
    BOOST_TEST(text("ab") != text("ac"));
    BOOST_TEST(text("ab") != "a");
}

BOOST_AUTO_TEST_CASE(a_fresh_text_is_empty) {
    BOOST_TEST(text().empty());
    BOOST_TEST(text() == "");
    BOOST_TEST(!text("a").empty());
    BOOST_TEST(std::strlen(text().c_str()) == 0u);
}

BOOST_AUTO_TEST_CASE(a_text_as_long_as_the_room_is_whole) {
    const text whole("abcd");
    BOOST_TEST(whole.size() == 4u);
    BOOST_TEST(!whole.truncated());
    BOOST_TEST(std::strlen(whole.c_str()) == 4u);
    BOOST_TEST(whole.view() == "abcd");
}

BOOST_AUTO_TEST_CASE(a_longer_text_is_told_from_its_beginning) {
    const text cut("abcde");
    BOOST_TEST(cut.truncated());
    BOOST_TEST(cut.view() == "abcd");
    BOOST_TEST(cut != text("abcd"));
    BOOST_TEST(cut != "abcd");
    BOOST_TEST(cut != "abcde");
}

BOOST_AUTO_TEST_CASE(a_text_prints_and_may_contain_a_nul) {
    std::ostringstream out;
    out << text("ab");
    BOOST_TEST(out.str() == "ab");
    BOOST_TEST(text(std::string("a\0b", 3)).size() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
