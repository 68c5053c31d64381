// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "options.hpp"

#include "failure.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace parley::tool {
BOOST_AUTO_TEST_SUITE(options_test)
namespace {

using namespace std::chrono_literals;

constexpr option_row rows[] = {
    {.name = "framing", .letter = 'f', .value = "FRAMING", .help = ""},
    {.name = "deadline", .letter = 'd', .value = "TIME", .help = ""},
    {.name = "method", .letter = 'm', .value = "NAME=COMMAND", .help = "", .repeats = true},
    {.name = "echo", .letter = 'e', .help = ""},
    {.name = "quiet", .letter = 'q', .help = ""},
    {.name = "help", .help = ""},
};
constexpr command_row row{
    .name = "test", .operands = "ADDRESS [MESSAGE]", .summary = "", .options = rows, .most_operands = 2, .details = ""};

command_line read(const std::vector<std::string_view>& words) { return command_line(row, words); }

template <typename F>
std::string refused(F f) {
    try {
        f();
        return "";
    } catch (const usage_error& e) {
        return e.what();
    }
}
std::string refused(const std::vector<std::string_view>& words) {
    return refused([&] { read(words); });
}

}  // namespace

BOOST_AUTO_TEST_CASE(options_stand_anywhere_in_each_form) {
    for (const std::vector<std::string_view>& words : {
             std::vector<std::string_view>{"--framing", "lines", "--echo", "a", "b"},
             {"a", "--framing=lines", "b", "--echo"},
             {"a", "-f", "lines", "-e", "b"},
             {"a", "-eflines", "b"},
             {"-ef", "lines", "--", "a", "b"},
         }) {
        const auto line = read(words);
        BOOST_TEST((line.operands() == std::vector<std::string_view>{"a", "b"}));
        BOOST_TEST((line.value("framing") == "lines"));
        BOOST_TEST(line.has("echo"));
        BOOST_TEST(!line.has("quiet"));
        BOOST_TEST(!line.value("deadline").has_value());
    }
}

BOOST_AUTO_TEST_CASE(some_operands_begin_with_a_dash) {
    BOOST_TEST((read({"-5", "-"}).operands() == std::vector<std::string_view>{"-5", "-"}));
    BOOST_TEST((read({"--", "--echo", "-x"}).operands() == std::vector<std::string_view>{"--echo", "-x"}));
    BOOST_TEST((read({"--framing", "--echo"}).value("framing") == "--echo"));
    BOOST_TEST((read({"--framing="}).value("framing") == ""));
    BOOST_TEST((read({"--method=a=b", "-mc=d"}).values("method") == std::vector<std::string_view>{"a=b", "c=d"}));
}

BOOST_AUTO_TEST_CASE(a_wrong_option_is_named_and_what_was_meant) {
    BOOST_TEST(refused({"--framin", "x"}) == "unknown option '--framin', did you mean '--framing'?");
    BOOST_TEST(refused({"--deadlien=2s"}) == "unknown option '--deadlien', did you mean '--deadline'?");
    BOOST_TEST(refused({"--something"}) == "unknown option '--something'");
    BOOST_TEST(refused({"-ez"}) == "unknown option '-z' in '-ez'; an operand that begins with - goes behind --");
    BOOST_TEST(refused({"--framing"}) == "--framing: expected FRAMING behind it");
    BOOST_TEST(refused({"-d"}) == "--deadline: expected TIME behind it");
    BOOST_TEST(refused({"--echo=1"}) == "--echo has no value, found '--echo=1'");
    BOOST_TEST(refused({"-f", "a", "--framing", "b"}) == "--framing is given twice");
    BOOST_TEST(refused({"a", "b", "c"}) == "'c' is too much: expected ADDRESS [MESSAGE]");
    BOOST_TEST(refused({"--", "--help", "b", "c"}) == "'c' is too much: expected ADDRESS [MESSAGE]");
    BOOST_TEST(refused({"a", "b", "c", "--help"}) == "");
    BOOST_TEST(refused([] { (void)read({"-e"}).operand(0, "ADDRESS"); }) ==
               "ADDRESS is missing: expected ADDRESS [MESSAGE]");
    BOOST_TEST(refused([] { read({"-e", "-q"}).exclude("echo", "quiet"); }) == "--echo and --quiet do not go together");
    BOOST_TEST(refused([] { read({"-e"}).exclude("echo", "quiet"); }) == "");
}

BOOST_AUTO_TEST_CASE(a_choice_says_what_is_allowed) {
    constexpr std::array<std::string_view, 3> allowed{"lines", "length-prefix", "nul"};
    const auto choose = [&](std::string_view value) { return read({"--framing", value}).choice("framing", allowed); };
    BOOST_TEST((choose("nul") == 2));
    BOOST_TEST(!read({}).choice("framing", allowed).has_value());
    BOOST_TEST(refused([&] { choose("line"); }) ==
               "--framing 'line': expected lines, length-prefix or nul, did you mean 'lines'?");
    BOOST_TEST(refused([&] { choose("\n"); }) == "--framing '\\x0a': expected lines, length-prefix or nul");
}

BOOST_AUTO_TEST_CASE(a_number_has_bounds) {
    const auto number = [](std::string_view value) { return read({"--framing", value}).number("framing", 1, 100); };
    BOOST_TEST((number("1") == 1));
    BOOST_TEST((number("100") == 100));
    BOOST_TEST(!read({}).number("framing", 1).has_value());
    for (const std::string wrong : {"", "0", "101", "-1", "+1", "1.5", "1x", " 1", "99999999999999999999"})
        BOOST_TEST(refused([&] { number(wrong); }) == "--framing '" + wrong + "': expected a number from 1 to 100");
}

BOOST_AUTO_TEST_CASE(a_time_has_a_unit) {
    const auto time = [](std::string_view value) { return read({"--deadline", value}).duration("deadline"); };
    BOOST_TEST((time("250ms") == 250ms));
    BOOST_TEST((time("2s") == 2s));
    BOOST_TEST((time("1.5s") == 1500ms));
    BOOST_TEST((time("0.001s") == 1ms));
    BOOST_TEST((time("5m") == 5min));
    BOOST_TEST((time("1h") == 1h));
    BOOST_TEST((time("1000h") == 1000h));
    for (const std::string wrong :
         {"", "2", "s", "2 s", "-2s", "0s", "0.1ms", "1001h", "2d", "1e3s", "nans", "infs", "1s2"})
        BOOST_TEST(refused([&] { time(wrong); }) ==
                   "--deadline '" + wrong + "': expected a time from 1ms to 1000h, such as 250ms, 2s, 5m or 1h");
    BOOST_TEST(to_text(2000ms) == "2 s");
    BOOST_TEST(to_text(250ms) == "250 ms");
    BOOST_TEST(to_text(1500ms) == "1500 ms");
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::tool
