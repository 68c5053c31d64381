// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "arguments.hpp"

#include "failure.hpp"
#include "text.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace parley::tool {
BOOST_AUTO_TEST_SUITE(arguments_test)
namespace {

std::string shown(const call_arguments& a) {
    return a.by_name ? to_json_text(rpc::value(a.named), false) : to_json_text(rpc::value(a.placed), false);
}

// What the words become, or why not.
std::string read(const std::vector<std::string_view>& words, bool text_too = false) {
    try {
        return shown(read_arguments(words, text_too));
    } catch (const usage_error& e) {
        return e.what();
    }
}
std::string read_all(std::string_view json) {
    try {
        return shown(read_all_arguments(json));
    } catch (const usage_error& e) {
        return e.what();
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(json_is_an_argument_by_place) {
    BOOST_TEST(read({}) == "[]");
    BOOST_TEST(read({"2", "-3", "2.5", "true", "null", "\"a=b\"", "[1, 2]", "{\"a\": 1}"}) ==
               R"([2,-3,2.5,true,null,"a=b",[1,2],{"a":1}])");
}

BOOST_AUTO_TEST_CASE(a_name_in_front_makes_it_one_by_name) {
    BOOST_TEST(read({"a=2", "b_c=\"x\"", "d:=[1]", "e.f-g=null", "$h"}, true).find("all by name") != std::string::npos);
    BOOST_TEST(read({"a=2", "b_c=\"x\"", "d:=[1]", "e.f-g=null"}) == R"({"a":2,"b_c":"x","d":[1],"e.f-g":null})");
    BOOST_TEST(read({"a=\"b=c\""}) == R"({"a":"b=c"})");
    BOOST_TEST(read({"a=1", "a=2"}) == "the argument 'a' is given twice");
    BOOST_TEST(read({"a=1", "2"}) == "'a=1' and '2': arguments come all by place, or all by name (name=JSON)");
    BOOST_TEST(read({"2", "a=1"}) == "'2' and 'a=1': arguments come all by place, or all by name (name=JSON)");
}

BOOST_AUTO_TEST_CASE(what_is_no_json_says_how_to_write_it) {
    BOOST_TEST(read({"hello"}) == R"('hello' is no JSON; write '"hello"', or use --text)");
    BOOST_TEST(read({"1", "two words"}) == R"('two words' is no JSON; write '"two words"', or use --text)");
    BOOST_TEST(read({"a=x"}) == R"('a=x' is no JSON; write 'a="x"', or use --text)");
    BOOST_TEST(read({"a="}) == R"('a=' is no JSON; write 'a=""', or use --text)");
    BOOST_TEST(read({""}) == R"('' is no JSON; write '""', or use --text)");
    BOOST_TEST(read({"{\"a\":1"}).starts_with("'{\"a\":1' is no JSON: "));
}

BOOST_AUTO_TEST_CASE(with_text_only_what_looks_like_json_must_be_some) {
    BOOST_TEST(read({"hello", "5", "two words", ""}, true) == R"(["hello",5,"two words",""])");
    BOOST_TEST(read({"a=x", "b=5"}, true) == R"({"a":"x","b":5})");
    BOOST_TEST(read({"[1"}, true).starts_with("'[1' is no JSON: "));
    BOOST_TEST(read({"a=\"x"}, true).starts_with("'a=\"x' is no JSON: "));
}

BOOST_AUTO_TEST_CASE(all_arguments_can_be_one_text) {
    BOOST_TEST(read_all("[1, 2]") == "[1,2]");
    BOOST_TEST(read_all("{\"a\": [1]}\n") == R"({"a":[1]})");
    BOOST_TEST(read_all("5") == "--params: expected an array, or an object with the arguments by name, not '5'");
    BOOST_TEST(read_all("{").starts_with("--params is no JSON: "));
}

BOOST_AUTO_TEST_CASE(results_are_printed_for_people_or_programs) {
    const rpc::value v = rpc::object{{"a", rpc::array{1, 2.5, "x\n"}},
                                     {"b", rpc::object{}},
                                     {"c", rpc::array{}},
                                     {"d", rpc::object{{"e", nullptr}}}};
    BOOST_TEST(to_json_text(v, false) == R"({"a":[1,2.5,"x\n"],"b":{},"c":[],"d":{"e":null}})");
    BOOST_TEST(to_json_text(v, true) ==
               "{\n  \"a\": [\n    1,\n    2.5,\n    \"x\\n\"\n  ],\n  \"b\": {},\n  \"c\": [],\n  \"d\": {\n    "
               "\"e\": null\n  }\n}");
    BOOST_TEST(to_json_text(rpc::value(std::numeric_limits<double>::infinity()), false) == "null");
    BOOST_TEST(to_json_text(rpc::value(rpc::extension{-3, "ab"}), false) == R"({"extension":-3,"data":"YWI="})");
}

BOOST_AUTO_TEST_CASE(messages_have_three_forms) {
    BOOST_TEST(message_as_json("a\"\n\xc3\xa4") == "\"a\\\"\\n\xc3\xa4\"");
    BOOST_TEST(message_as_json("\xff\x01") == R"({"base64":"/wE="})");
    BOOST_TEST(to_hex(std::string_view("\x00\xffz", 3)) == "00ff7a");
    BOOST_TEST((from_hex("00 FF\t7a") == std::string("\x00\xffz", 3)));
    BOOST_TEST((from_hex("") == ""));
    BOOST_TEST(!from_hex("0").has_value());
    BOOST_TEST(!from_hex("0g").has_value());
    BOOST_TEST(without_controls("a\tb\x1b[1m\n") == "a\tb\\x1b[1m\\x0a");
    BOOST_TEST(in_quotes(std::string(100, 'x')) == "'" + std::string(80, 'x') + "...'");
    BOOST_TEST(in_quotes(std::string(79, 'x') + "\xc3\xa4") == "'" + std::string(79, 'x') + "...'");
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::tool
