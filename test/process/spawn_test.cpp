// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/spawn.hpp>

#include "fault.hpp"
#include "process_tools.hpp"
#include "skip.hpp"
#include "temporary_directory.hpp"

#include <parley/process/run.hpp>
#include <parley/signal/disposition.hpp>
#include <parley/signal/signal_mask.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <sstream>
#include <thread>
#include <vector>

#include <netdb.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(spawn_test)

using namespace parley;
using namespace parley::test;

BOOST_FIXTURE_TEST_SUITE(spawn_suite, process_fixture)

BOOST_AUTO_TEST_CASE(arguments_arrive_byte_for_byte) {
    const auto r = run(helper({"arguments", "$(touch X)", ";", "a\nb", "-rf", "", "\xff\xfe", "*"}));
    BOOST_TEST(r.out == "[$(touch X)]\n[;]\n[a\\nb]\n[-rf]\n[]\n[\xff\xfe]\n[*]\n");
}

BOOST_AUTO_TEST_CASE(the_name_can_differ_from_the_program) {
    auto c = shell("echo $0");
    c.name = "another";
    BOOST_TEST(run(c).out == "another\n");
}

BOOST_AUTO_TEST_CASE(a_bare_name_is_looked_up_only_when_asked) {
    BOOST_TEST((failure({.program = "sh"}).code() == errc::invalid_argument));
    BOOST_TEST(run({.program = "sh", .arguments = {"-c", "echo $0"}, .search_path = true}).out == "sh\n");
}

BOOST_AUTO_TEST_CASE(the_environment_arrives) {
    auto c = helper({"environment"});
    c.environment = {.base = environment_base::empty, .changes = {{"A", "1=2"}, {"B", ""}}};
    BOOST_TEST(run(c).out == "A=1=2\nB=\n");
}

BOOST_AUTO_TEST_CASE(the_child_runs_in_its_directory) {
    temporary_directory place;
    auto c = shell("pwd");
    c.directory = place.path();
    BOOST_TEST(run(c).out == place.path() + "\n");
}

BOOST_AUTO_TEST_CASE(groups_and_sessions_are_as_asked) {
    const auto ids = [&](process_group g) {
        auto c = helper({"ids"});
        c.group = g;
        std::istringstream in(run(c).out);
        std::array<long, 3> found{};
        in >> found[0] >> found[1] >> found[2];
        return found;
    };
    auto found = ids(process_group::inherit);
    BOOST_TEST(found[1] == ::getpgrp());
    found = ids(process_group::own);
    BOOST_TEST(found[1] == found[0]);
    BOOST_TEST(found[2] == ::getsid(0));
    found = ids(process_group::session);
    BOOST_TEST(found[1] == found[0]);
    BOOST_TEST(found[2] == found[0]);
}

BOOST_AUTO_TEST_CASE(a_child_enters_the_group_it_is_told_to) {
    auto leader = helper({"exit", "0"});
    leader.group = process_group::own;
    auto first = start(leader);  // may have ended; until somebody waits for it the group is there
    auto second = helper({"ids"});
    second.join_group = first.pid();
    std::istringstream in(run(second).out);
    long pid = 0, group = 0, session = 0;
    in >> pid >> group >> session;
    BOOST_TEST(group == first.pid());
    BOOST_TEST(pid != group);
    BOOST_TEST(session == ::getsid(0));
    BOOST_TEST(end_of(first).success());
}

// Descriptors

BOOST_AUTO_TEST_CASE(a_child_begins_with_an_empty_mask_and_default_dispositions) {
    const scoped_signal_block block(signal_mask::all());
    const scoped_disposition pipe(SIGPIPE, disposition::ignore), usr(SIGUSR1, disposition::ignore),
        rt(SIGRTMIN + 3, disposition::ignore);
    const auto r = run({.program = "/bin/grep", .arguments = {"-E", "^Sig(Blk|Ign)", "/proc/self/status"}});
    BOOST_TEST(r.out == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    BOOST_TEST((current_mask().value().contains(SIGTERM)));  // ours is what it was
    BOOST_TEST((current_disposition(SIGPIPE).value() == disposition::ignore));
}

BOOST_AUTO_TEST_CASE(starts_are_not_held_up_by_children_of_other_threads) {
    // A descriptor of ours in another thread's child would hold a start up for as long as that child sleeps.
    std::atomic<bool> stop{false};
    std::vector<std::thread> others;
    for (int i = 0; i < 2; ++i)
        others.emplace_back([&] {
            while (!stop) {
                FILE* pipe = ::popen("sleep 5", "r");
                ::pclose(pipe);
            }
        });
    auto longest = std::chrono::steady_clock::duration::zero();
    for (int i = 0; i < 1000; ++i) {
        const auto before = std::chrono::steady_clock::now();
        auto c = spawn(ex, {.program = "/bin/true"}).value();
        longest = std::max(longest, std::chrono::steady_clock::now() - before);
        BOOST_TEST(run_task(io, [](child& started) -> task<exit_status> { co_return co_await started.async_wait(); }(c))
                       .success());
    }
    stop = true;
    for (auto& t : others) t.join();
    BOOST_TEST((longest < std::chrono::seconds(4)));
}

BOOST_AUTO_TEST_CASE(threads_that_hold_locks_are_no_danger) {
    std::atomic<bool> stop{false};
    std::vector<std::thread> busy;
    for (int i = 0; i < 8; ++i)
        busy.emplace_back([&, i] {
            while (!stop) {
                if (i % 3 == 0) {
                    std::vector<std::string> garbage(100, std::string(200, 'x'));
                    if (garbage.back().empty()) stop = true;
                } else if (i % 3 == 1) {
                    char text[64];
                    std::snprintf(text, sizeof text, "%d %s", i, "x");
                    std::fflush(nullptr);
                } else {
                    addrinfo* found = nullptr;
                    if (::getaddrinfo("127.0.0.1", "80", nullptr, &found) == 0) ::freeaddrinfo(found);
                }
            }
        });
    for (int i = 0; i < 1000; ++i) {
        auto c = spawn(ex, {.program = "/bin/true"}).value();
        BOOST_TEST(run_task(io, [](child& started) -> task<exit_status> { co_return co_await started.async_wait(); }(c))
                       .success());
    }
    stop = true;
    for (auto& t : busy) t.join();
}

BOOST_AUTO_TEST_CASE(a_reused_pid_is_never_signalled) {
    if (::geteuid() != 0) {
        skip_case("needs root for a PID namespace");
        return;
    }
    const auto r =
        run({.program = "/usr/bin/unshare", .arguments = {"-pf", "--mount-proc", test_child(), "pid-reuse"}});
    if (r.status == exit_status::exited(77) || r.err.find("unshare") != std::string::npos) {
        skip_case(r.out, r.err);
        return;
    }
    BOOST_TEST(r.out == "victim lives\n", r.err);
    BOOST_TEST(r.status.success());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
