// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/process_table.hpp"

#include "fault.hpp"
#include "process_tools.hpp"

#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(process_table_test)

using namespace parley;
using namespace parley::test;

namespace {

std::string stat_line(const std::string& name, const std::string& state, int threads) {
    return "42 (" + name + ") " + state + " 7 8 9 34816 42 4194304 1 2 3 4 5 6 7 8 20 0 " + std::to_string(threads) +
           " 0 123456 8192 77 18446744073709551615 1 1 0\n";
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(process_table_suite, no_leftovers)

BOOST_AUTO_TEST_CASE(a_row_is_read_whatever_the_name_is) {
    for (const char* name : {"sh", "a b", ") R 1 1 1", "((", "x) (y", ""}) {
        const auto row = parse_row(stat_line(name, "S", 1));
        BOOST_TEST_REQUIRE(row.has_value());
        const process_row expected{42, 7, 8, 9, 123456, false, name};
        BOOST_TEST((*row == expected), name);
    }
    BOOST_TEST(parse_row(stat_line("a\nb\x1b[0m", "S", 1))->name == "a?b?[0m");
}

BOOST_AUTO_TEST_CASE(a_process_has_ended_when_its_last_thread_has) {
    BOOST_TEST(parse_row(stat_line("x", "Z", 1))->ended);
    BOOST_TEST(parse_row(stat_line("x", "X", 0))->ended);
    BOOST_TEST(!parse_row(stat_line("x", "Z", 2))->ended);
    BOOST_TEST(!parse_row(stat_line("x", "D", 1))->ended);
}

BOOST_AUTO_TEST_CASE(what_is_no_row_is_none) {
    const auto whole = stat_line("sh", "S", 1);
    for (std::size_t n = 0; n < whole.find("123456"); ++n) BOOST_TEST(!parse_row(whole.substr(0, n)).has_value());
    for (const char* text : {"", "garbage", "x (sh) S 1 2 3", ") (", "42 (sh) S a b c"})
        BOOST_TEST(!parse_row(text).has_value());
}

BOOST_AUTO_TEST_CASE(this_process_is_in_the_table) {
    BOOST_TEST(table_is_ours());
    const auto row = read_row(::getpid()).value();
    BOOST_TEST_REQUIRE(row.has_value());
    BOOST_TEST(row->parent == ::getppid());
    BOOST_TEST(row->group == ::getpgrp());
    BOOST_TEST(row->session == ::getsid(0));
    auto listing = process_listing::open().value();
    int seen = 0;
    for (auto pid = listing.next().value(); pid; pid = listing.next().value()) seen += *pid == ::getpid() ? 1 : 0;
    BOOST_TEST(seen == 1);
    BOOST_TEST(!read_row(1 << 30).value().has_value());
}

BOOST_AUTO_TEST_CASE(a_child_is_listed_opened_and_told_from_its_successor) {
    const pid_t pid = ::fork();
    if (pid == 0)
        for (;;) ::pause();
    const auto listed = own_children().value();
    BOOST_TEST((std::ranges::find(listed, pid) != listed.end()));
    auto row = read_row(pid).value().value();
    BOOST_TEST(open_process(row).has_value());
    row.start -= 1;  // an earlier process with this number
    BOOST_TEST(open_process(row).error() == boost::system::errc::no_such_process);
    ::kill(pid, SIGKILL);
    while (!read_row(pid).value()->ended) {}
    BOOST_TEST(realtime_limit(pid) == realtime_limit(::getpid()));
    ::waitpid(pid, nullptr, 0);
    BOOST_TEST(open_process(row).error() == boost::system::errc::no_such_process);
    BOOST_TEST(realtime_limit(pid) == 0u);
    BOOST_TEST(cgroup_of(pid).empty());
}

BOOST_AUTO_TEST_CASE(errors_are_told) {
    const fault no_descriptors(sys::call::open, EMFILE);
    BOOST_TEST(read_row(::getpid()).error() == boost::system::errc::too_many_files_open);
    BOOST_TEST(own_children().error() == boost::system::errc::too_many_files_open);
    BOOST_TEST(process_listing::open().error() == boost::system::errc::too_many_files_open);
    BOOST_TEST(!table_is_ours());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
