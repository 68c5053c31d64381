// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How a test that cannot run here is told from one that has passed.

#include "skip.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(skip_test)

using namespace parley::test;

namespace {

// Cases of a run of this program that is asked for them.
void cannot_run() { skip_case("needs ", 2, " moons\nor more\n"); }
void runs() { BOOST_TEST(true); }
void fails_and_cannot_run() {
    BOOST_TEST(false);
    skip_case("needs more");
}

constexpr const char* asked = "PARLEY_TEST_OF_SKIPS";

const bool registered = [] {
    if (std::getenv(asked) == nullptr) return false;
    auto& all = boost::unit_test::framework::master_test_suite();
    all.add(BOOST_TEST_CASE(&cannot_run));
    all.add(BOOST_TEST_CASE(&runs));
    all.add(BOOST_TEST_CASE(&fails_and_cannot_run));
    return true;
}();

struct outcome {
    int code = -1;
    std::string said{};
    bool says(const std::string& part) const { return said.find(part) != std::string::npos; }
};

// This program, with these of them.
outcome run(const std::string& cases) {
    std::array<char, 4096> self{};
    BOOST_TEST_REQUIRE(::readlink("/proc/self/exe", self.data(), self.size() - 1) > 0);
    const auto line = std::string(asked) + "=1 " + self.data() + " --run_test=" + cases +
                      " --report_level=detailed --color_output=no 2>&1";
    outcome o;
    std::FILE* const out = ::popen(line.c_str(), "re");
    BOOST_TEST_REQUIRE((out != nullptr));
    std::array<char, 1024> some{};
    while (std::fgets(some.data(), some.size(), out) != nullptr) o.said += some.data();
    o.code = WEXITSTATUS(::pclose(out));
    return o;
}

constexpr const char* line = "skipped: cannot_run: needs 2 moons or more\n";

}  // namespace

BOOST_AUTO_TEST_CASE(where_all_are_skipped_the_program_says_so) {
    const auto o = run("cannot_run");
    BOOST_TEST(o.code == 77);
    BOOST_TEST(o.says(line), o.said);
}

BOOST_AUTO_TEST_CASE(one_that_is_skipped_is_not_counted_as_passed) {
    const auto o = run("cannot_run,runs");
    BOOST_TEST(o.code == 0);
    BOOST_TEST(o.says(line), o.said);
    BOOST_TEST(o.says("  1 test case out of"), o.said);
    BOOST_TEST(o.says("Test case \"cannot_run\" was skipped"), o.said);
    BOOST_TEST(o.says("Test case \"runs\" has passed"), o.said);
}

BOOST_AUTO_TEST_CASE(one_that_fails_before_has_failed) {
    const auto o = run("cannot_run,fails_and_cannot_run");
    BOOST_TEST(o.code == 201);
    BOOST_TEST(o.says("Test case \"cannot_run\" was skipped"), o.said);
    BOOST_TEST(o.says("Test case \"fails_and_cannot_run\" has failed"), o.said);
}

BOOST_AUTO_TEST_SUITE_END()
