// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "text.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

namespace parley::tool {
BOOST_AUTO_TEST_SUITE(text_test)

BOOST_AUTO_TEST_CASE(what_a_terminal_obeys_is_escaped) {
    for (int c = 0; c < 0x20; ++c) {
        if (c == '\t') continue;
        const std::string digits = to_hex(std::string(1, static_cast<char>(c)));
        BOOST_TEST(without_controls("a" + std::string(1, static_cast<char>(c)) + "b") == "a\\x" + digits + "b");
    }
    for (int c = 0x7f; c < 0xa0; ++c) {
        const std::string byte(1, static_cast<char>(c));
        const auto shown = "a\\x" + to_hex(byte) + "b";
        BOOST_TEST(without_controls("a" + byte + "b") == shown);  // DEL; a byte that is no UTF-8
        if (c != 0x7f) BOOST_TEST(without_controls("a\xc2" + byte + "b") == shown);
    }
    BOOST_TEST(without_controls("\t ~") == "\t ~");
}

BOOST_AUTO_TEST_CASE(text_stays_as_it_is) {
    for (const std::string_view text : {"", "plain", "\xc3\xa4\xc2\xa0", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                        "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"})
        BOOST_TEST(without_controls(text) == text);
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_utf8_are_escaped) {
    BOOST_TEST(without_controls("\xff") == "\\xff");
    BOOST_TEST(without_controls("\xc2") == "\\xc2");
    BOOST_TEST(without_controls("\xc2(") == "\\xc2(");
    BOOST_TEST(without_controls("\xc0\x9b") == "\\xc0\\x9b");           // overlong
    BOOST_TEST(without_controls("\xe0\x82\x9b") == "\\xe0\\x82\\x9b");  // overlong
    BOOST_TEST(without_controls("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // a surrogate
    BOOST_TEST(without_controls("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
    BOOST_TEST(without_controls("\xe2\x82") == "\\xe2\\x82");
    BOOST_TEST(without_controls("\xe2\x82\x1b") == "\\xe2\\x82\\x1b");
}

BOOST_AUTO_TEST_CASE(a_quotation_has_the_beginning_of_what_is_no_text) {
    BOOST_TEST(in_quotes("\x9b") == "'\\x9b'");
    const auto quoted = in_quotes("\xff" + std::string(200, 'a'));
    BOOST_TEST(quoted.starts_with("'\\xffaaaaaaaaaa"));
    BOOST_TEST(quoted.ends_with("...'"));
    BOOST_TEST(in_quotes(std::string(79, 'a') + "\xc3\xa4" + "b") == "'" + std::string(79, 'a') + "...'");
}

BOOST_AUTO_TEST_CASE(json_has_no_control_characters) {
    BOOST_TEST(to_json_text("\xc2\x80\xc2\x9b\xc2\x9f\x7f\x1b\xc2\xa0", false) ==
               "\"\\u0080\\u009b\\u009f\\u007f\\u001b\xc2\xa0\"");
    BOOST_TEST(to_json_text(rpc::object{{"\x7f", "\xc3\x9b"}}, false) == "{\"\\u007f\":\"\xc3\x9b\"}");
    BOOST_TEST(message_as_json("\xc2\x9b") == "\"\\u009b\"");
}

BOOST_AUTO_TEST_CASE(text_that_is_no_utf8_is_shown_in_json) {
    BOOST_TEST(to_json_text(rpc::object{{"\xff", 1}, {"a\x80z", rpc::object{{"\xc0", 2}}}}, false) ==
               R"({"\\xff":1,"a\\x80z":{"\\xc0":2}})");
    BOOST_TEST(to_json_text(rpc::array{"\xfe\x1b", "\xc3\xa4"}, false) == "[\"\\\\xfe\\\\x1b\",\"\xc3\xa4\"]");
    BOOST_TEST(to_json_text(rpc::object{{"\xff", nullptr}}, true).find("null:") == std::string::npos);
    for (const auto& bad : {rpc::value("\xff"), rpc::value(rpc::object{{"\xff", rpc::array{"\xff"}}})})
        BOOST_TEST(rpc::from_json(to_json_text(bad, true)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::tool
