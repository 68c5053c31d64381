// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/command.hpp>

#include "process/arguments.hpp"
#include "temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(command_test)

using namespace parley;

namespace {

std::string output_of_shell(const std::string& line) {
    std::string text;
    FILE* pipe = ::popen(line.c_str(), "r");
    std::array<char, 256> block;
    while (const auto n = std::fread(block.data(), 1, block.size(), pipe)) text.append(block.data(), n);
    ::pclose(pipe);
    return text;
}

std::string refusal(const command& c) {
    const auto block = lay_out(c);
    return block ? "accepted" : block.error().message();
}

bool has_variable(const command& c, const std::string& entry) {
    const auto block = lay_out(c).value();
    for (const char* const* at = block.environment.data(); *at; ++at)
        if (*at == entry) return true;
    return false;
}

struct variable {
    variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
    ~variable() { ::unsetenv(name_); }
    const char* name_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(commands_copy_and_compare) {
    const command a{.program = "/bin/echo", .arguments = {"x", "y"}, .err = stdio::to_stdout()};
    command b = a;
    BOOST_TEST((a == b));
    b.arguments.push_back("z");
    BOOST_TEST((a != b));
    b = a;
    b.out = stdio::append_file("/tmp/x");
    BOOST_TEST((a != b));
}

BOOST_AUTO_TEST_CASE(arguments_are_made_from_words_or_from_a_vector) {
    const std::vector<std::string> list{"a", "b"};
    BOOST_TEST((argument_list{"a", "b"} == list));
    BOOST_TEST((argument_list(list) == list));
    BOOST_TEST((argument_list{list} == list));
    BOOST_TEST(argument_list{}.empty());
    BOOST_TEST(argument_list{"one"}.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_command_prints_as_a_line_that_a_shell_runs_the_same_way) {
    const command c{.program = "/usr/bin/printf",
                    .arguments = {"[%s]", "a b", "it's", "", "$HOME", "x\"y", "*", "new\nline", "\\", "-n", "=", "~"},
                    .err = stdio::to_stdout()};
    BOOST_TEST(output_of_shell(to_shell(c)) == "[a b][it's][][$HOME][x\"y][*][new\nline][\\][-n][=][~]");
}

BOOST_AUTO_TEST_CASE(directory_environment_and_streams_are_in_the_printed_line) {
    parley::test::temporary_directory place;
    std::ofstream(place / "in put") << "hello";
    const command c{.program = "/bin/sh",
                    .arguments = {"-c", "cat; pwd; echo $A$B"},
                    .environment = {.base = environment_base::empty, .changes = {{"A", "1 2"}, {"B", std::nullopt}}},
                    .directory = place.path(),
                    .in = stdio::read_file(place / "in put"),
                    .err = stdio::null()};
    std::ostringstream printed;
    printed << c;
    BOOST_TEST(output_of_shell(printed.str()) == "hello" + place.path() + "\n1 2\n");
}

BOOST_AUTO_TEST_CASE(every_redirection_has_its_word) {
    BOOST_TEST(to_shell({.program = "/p",
                         .in = stdio::null(),
                         .out = stdio::truncate_file("/o"),
                         .err = stdio::append_file("/e")}) == "/p < /dev/null > /o 2>> /e");
    BOOST_TEST(
        to_shell({.program = "/p", .in = stdio::descriptor(5), .out = stdio::descriptor(6), .descriptors = {{7, 8}}}) ==
        "/p <&5 >&6 8<&7 5<&- 6<&- 7<&-");
    BOOST_TEST(to_shell({.program = "/p",
                         .environment = {.changes = {{"X", "1"}, {"Y", std::nullopt}}},
                         .group = process_group::session}) == "setsid -w env -u Y X=1 /p");
}

BOOST_AUTO_TEST_CASE(plain_words_stay_unquoted) {
    BOOST_TEST(shell_quote("a-b_c/d.e:f,g+h@i%j") == "a-b_c/d.e:f,g+h@i%j");
    BOOST_TEST(shell_quote("") == "''");
    BOOST_TEST(shell_quote("it's") == "'it'\\''s'");
    BOOST_TEST(shell_quote("\xff") == "'\xff'");
}

BOOST_AUTO_TEST_CASE(bad_input_is_refused_and_the_culprit_named) {
    const std::string nul("a\0b", 3);
    BOOST_TEST(refusal({}) == "spawn: the program is empty: invalid argument");
    BOOST_TEST(refusal({.program = "ls"}).find("spawn ls: not a path (set search_path") == 0u);
    BOOST_TEST(refusal({.program = "/p" + nul}).find("program's path contains a NUL byte") != std::string::npos);
    BOOST_TEST(refusal({.program = "/p", .arguments = {"x", nul}}).find("argument 2 contains a NUL byte") !=
               std::string::npos);
    BOOST_TEST(refusal({.program = "/p", .name = nul}).find("name contains a NUL byte") != std::string::npos);
    BOOST_TEST(refusal({.program = "/p", .directory = nul}).find("directory contains a NUL byte") != std::string::npos);
    BOOST_TEST(refusal({.program = "/p", .environment = {.changes = {{"", "x"}}}}).find("without a name") !=
               std::string::npos);
    BOOST_TEST(refusal({.program = "/p", .environment = {.changes = {{"A=B", "x"}}}}).find("'=' in the name") !=
               std::string::npos);
    BOOST_TEST(refusal({.program = "/p", .environment = {.changes = {{"A", nul}}}})
                   .find("environment variable A contains a NUL byte") != std::string::npos);
    BOOST_TEST(refusal({.program = "no-such-program", .search_path = true})
                   .find("find program 'no-such-program': program not found") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_environment_is_inherited_and_changed) {
    const variable kept("PARLEY_KEPT", "1"), taken("PARLEY_TAKEN", "1"), changed("PARLEY_CHANGED", "1");
    const command c{
        .program = "/p",
        .environment = {.changes = {{"PARLEY_TAKEN", std::nullopt}, {"PARLEY_CHANGED", "2"}, {"PARLEY_NEW", ""}}}};
    BOOST_TEST(has_variable(c, "PARLEY_KEPT=1"));
    BOOST_TEST(!has_variable(c, "PARLEY_TAKEN=1"));
    BOOST_TEST(has_variable(c, "PARLEY_CHANGED=2"));
    BOOST_TEST(has_variable(c, "PARLEY_NEW="));
}

BOOST_AUTO_TEST_CASE(an_environment_without_changes_is_passed_on_as_it_is) {
    const variable one("PARLEY_ONE", "1");
    const auto block = lay_out({.program = "/p"}).value();
    std::size_t count = 0;
    for (; environ[count] != nullptr; ++count)
        BOOST_TEST(std::string(block.environment.at(count)) == std::string(environ[count]));
    BOOST_TEST(block.environment.size() == count + 1);
    BOOST_TEST(block.environment.back() == nullptr);
}

BOOST_AUTO_TEST_CASE(a_clean_environment_has_nothing_that_steers_programs) {
    const variable preload("LD_PRELOAD", ""), python("PYTHONPATH", "/x"), bash("BASH_ENV", "/x"),
        kept("PARLEY_KEPT", "1");
    const command c{.program = "/p", .environment = {.base = environment_base::clean}};
    BOOST_TEST(!has_variable(c, "LD_PRELOAD="));
    BOOST_TEST(!has_variable(c, "PYTHONPATH=/x"));
    BOOST_TEST(!has_variable(c, "BASH_ENV=/x"));
    BOOST_TEST(has_variable(c, "PARLEY_KEPT=1"));
    for (const char* name : {"LD_LIBRARY_PATH", "GCONV_PATH", "GLIBC_TUNABLES", "MALLOC_TRACE", "IFS", "ENV",
                             "SHELLOPTS", "BASH_FUNC_ls%%", "PYTHONSTARTUP", "PERL5OPT", "RUBYOPT", "NODE_OPTIONS"})
        BOOST_TEST(steers_programs(name), name);
    for (const char* name : {"PATH", "HOME", "LANG", "USER", "TERM"}) BOOST_TEST(!steers_programs(name), name);
}

BOOST_AUTO_TEST_CASE(an_empty_environment_is_empty) {
    const variable kept("PARLEY_KEPT", "1");
    const auto block = lay_out({.program = "/p", .environment = {.base = environment_base::empty}}).value();
    BOOST_TEST(block.environment.size() == 1u);
}

BOOST_AUTO_TEST_CASE(programs_are_found_in_absolute_elements_of_the_path_only) {
    parley::test::temporary_directory place;
    std::ofstream(place / "tool") << "#!/bin/sh\n";
    ::chmod((place / "tool").c_str(), 0755);
    std::ofstream(place / "data") << "x";
    BOOST_TEST(find_program("tool", "/nowhere:" + place.path() + "/").value() == place / "tool");
    BOOST_TEST(find_program("tool", place.path().substr(1)).has_error());
    BOOST_TEST(find_program("tool", "::.:" + place.path().substr(1) + ":").has_error());
    BOOST_TEST((find_program("data", place.path()).error().code() == errc::program_not_found));
    BOOST_TEST((find_program("a/tool", place.path()).error().code() == errc::invalid_argument));
    BOOST_TEST((find_program("", place.path()).error().code() == errc::invalid_argument));
    BOOST_TEST(find_program("sh").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
