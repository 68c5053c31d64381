// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Children that must not outlive this process.

#include <parley/process/spawn.hpp>

#include "core/syscall.hpp"
#include "process_tools.hpp"
#include "skip.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>

BOOST_AUTO_TEST_SUITE(die_with_parent_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

command mortal(command c) {
    c.die_with_parent = true;
    return c;
}

bool gone(pid_t pid) {
    // A zombie of somebody who does not reap has ended, too.
    const auto end = std::chrono::steady_clock::now() + guard;
    const auto status = "/proc/" + std::to_string(pid) + "/stat";
    while (std::chrono::steady_clock::now() < end) {
        const auto text = sys::read_file(status.c_str(), 4096);
        if (!text || text->find(") Z ") != std::string::npos) return true;
        std::this_thread::sleep_for(1ms);
    }
    return false;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(die_with_parent_suite, process_fixture)

BOOST_AUTO_TEST_CASE(a_child_outlives_the_thread_that_started_it) {
    child c;
    std::thread([&] { c = start(mortal(helper({"ready"}))); }).join();
    // The death of that thread would have been the child's.
    std::this_thread::sleep_for(20ms);
    BOOST_TEST(!c.try_wait().has_value());
    BOOST_TEST(c.send_signal(SIGTERM).has_value());
    BOOST_TEST(end_of(c) == exit_status::signalled(SIGTERM));
}

BOOST_AUTO_TEST_CASE(a_parent_that_is_killed_takes_its_child_along) {
    for (int i = 0; i < 100; ++i) {
        auto parent = helper({"parent-of-mortal"});
        parent.out = stdio::pipe();
        auto p = start(parent);
        const auto said = run_task(io, next_line(p));  // the pid of its child
        BOOST_REQUIRE(!said.empty());
        BOOST_TEST(p.send_signal(SIGKILL).has_value());
        BOOST_TEST(end_of(p) == exit_status::signalled(SIGKILL));
        BOOST_TEST(gone(std::stoi(said)));
    }
}

BOOST_AUTO_TEST_CASE(it_works_after_the_identity_has_changed) {
    if (::geteuid() != 0) {
        skip_case("needs root");
        return;
    }
    // The kernel forgets the death signal at a change of identity: it has to come after.
    auto parent = helper({"parent-of-mortal", "65533"});
    parent.out = stdio::pipe();
    auto p = start(parent);
    const auto said = run_task(io, next_line(p));
    BOOST_REQUIRE(!said.empty());
    BOOST_TEST(p.send_signal(SIGKILL).has_value());
    end_of(p);
    BOOST_TEST(gone(std::stoi(said)));
}

BOOST_AUTO_TEST_CASE(a_parent_that_ends_before_the_death_signal_is_set_leaves_no_child) {
    // The child kills it there, and goes on when it has another parent.
    auto parent = helper({"parent-killed-in-prctl"});
    parent.out = stdio::pipe();
    auto p = start(parent);
    BOOST_TEST(run_task(io, next_line(p)) == "");  // the end: the child that has the other end has gone, silently
    BOOST_TEST(end_of(p) == exit_status::signalled(SIGKILL));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
