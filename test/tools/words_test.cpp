// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "words.hpp"

#include "failure.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace parley::tool {
BOOST_AUTO_TEST_SUITE(words_test)
namespace {

std::string joined(std::string_view line) {
    std::string all;
    for (const auto& word : split_words("--child", line)) all += "[" + word + "]";
    return all;
}

std::string refused(std::string_view line) {
    try {
        return joined(line);
    } catch (const usage_error& e) {
        return e.what();
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(blanks_divide_words) {
    BOOST_TEST(joined("a") == "[a]");
    BOOST_TEST(joined("  a \t b\nc  ") == "[a][b][c]");
    BOOST_TEST(joined("--a=b -c {x,y} * ? [z] a#b %") == "[--a=b][-c][{x,y}][*][?][[z]][a#b][%]");
    BOOST_TEST(joined("a~b") == "[a~b]");
}

BOOST_AUTO_TEST_CASE(quotes_keep_words_together) {
    BOOST_TEST(joined("'a b' c") == "[a b][c]");
    BOOST_TEST(joined(R"("a b"c'd e')") == "[a bcd e]");
    BOOST_TEST(joined("'' \"\" x''") == "[][][x]");
    BOOST_TEST(joined(R"('a"b' "c'd")") == R"([a"b][c'd])");
    BOOST_TEST(joined("'$a|b;~`'") == "[$a|b;~`]");
    BOOST_TEST(joined("sh -c 'exec 3>&1; cat'") == "[sh][-c][exec 3>&1; cat]");
}

BOOST_AUTO_TEST_CASE(a_backslash_takes_the_next_character_as_it_is) {
    BOOST_TEST(joined(R"(a\ b)") == "[a b]");
    BOOST_TEST(joined(R"(\'a \"b \\ \$c \|)") == R"(['a]["b][\][$c][|])");
    BOOST_TEST(joined(R"("\"\\\$\`")") == R"(["\$`])");
    BOOST_TEST(joined(R"("\n")") == R"([\n])");
    BOOST_TEST(joined(R"('\')") == R"([\])");
    BOOST_TEST(joined("a\\\nb \"c\\\nd\"") == "[ab][cd]");
}

BOOST_AUTO_TEST_CASE(an_error_points_at_the_place) {
    BOOST_TEST(refused("a 'b c") == "--child 'a 'b c', byte 2: this ' has no end");
    BOOST_TEST(refused("\"b") == "--child '\"b', byte 0: this \" has no end");
    BOOST_TEST(refused("a\\") == "--child 'a\\', byte 1: nothing follows this \\");
    BOOST_TEST(refused("") == "--child '', byte 0: expected a command");
    BOOST_TEST(refused(" \n").ends_with("expected a command"));
    for (const std::string shell : {"$HOME", "`x`", "|", ";", "&", "<x", ">x", "(x)", ")", "~"})
        BOOST_TEST(refused("a " + shell) == "--child 'a " + shell + "', byte 2: " + shell[0] +
                                                " is for a shell and there is none: quote it, or run sh -c '…'");
    BOOST_TEST(refused("\"a$b\"").find("byte 2: $ is for a shell") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::tool
