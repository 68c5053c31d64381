// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/init_duty.hpp>

#include "fault.hpp"
#include "skip.hpp"
#include "test_child.hpp"
#include "tree_tools.hpp"

#include <parley/process/spawn.hpp>

#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(init_duty_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

init_duty_options never() { return {.unclaimed_after = std::nullopt}; }
init_duty_options after(std::chrono::milliseconds time) { return {.unclaimed_after = time}; }

pid_t forked(int code) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(code);
    return pid;
}

int code_of(pid_t pid) {
    int status = 0;
    return ::waitpid(pid, &status, 0) == pid ? WEXITSTATUS(status) : -1;
}

bool is_dead(pid_t pid) {
    const auto row = read_row(pid).value();
    return row && row->ended;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(init_duty_suite, tree_fixture)

BOOST_AUTO_TEST_CASE(orphans_of_foreign_sessions_are_reaped_at_once) {
    init_duty duty(ex, never());
    BOOST_TEST(sys::is_subreaper().value());
    // The session ends before its members do.
    auto c = start(marked(shell("setsid sh -c 'sleep 0.01 & sleep 0.02 & exit' & wait; exit 3")));
    BOOST_TEST(soon([&] { return duty.reaped() == 2; }));
    BOOST_TEST(end_of(c) == exit_status::exited(3));
    duty.close();
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(the_marked_orphans_of_a_tree_are_reaped_at_once) {
    init_duty duty(ex, never());
    auto tree = start_tree(shell("sh -c 'setsid true & true &'; exec sleep 1000"), without_cgroup());
    BOOST_TEST(soon([&] { return duty.reaped() == 2; }));
    BOOST_TEST(stop(tree).left.empty());
}

BOOST_AUTO_TEST_CASE(what_may_be_a_child_of_the_program_is_given_time) {
    const pid_t before = forked(1);
    init_duty duty(ex, after(60s));
    const pid_t plain = forked(2);
    const pid_t leads_session = ::fork();
    if (leads_session == 0) {
        ::setsid();
        ::_exit(3);
    }
    BOOST_TEST(soon([&] { return is_dead(before) && is_dead(plain) && is_dead(leads_session); }));
    io.restart();
    io.run_for(60ms);
    BOOST_TEST(duty.reaped() == 0u);
    BOOST_TEST(code_of(before) == 1);
    BOOST_TEST(code_of(plain) == 2);
    BOOST_TEST(code_of(leads_session) == 3);
}

BOOST_AUTO_TEST_CASE(what_nobody_waits_for_is_reaped_when_its_time_is_up) {
    init_duty duty(ex, after(30ms));
    const pid_t nobodys = forked(1);
    const pid_t claimed = forked(2);
    duty.claim(claimed);
    BOOST_TEST(soon([&] { return duty.reaped() == 1; }));
    BOOST_TEST(::waitpid(nobodys, nullptr, WNOHANG) == -1);
    io.restart();
    io.run_for(60ms);
    BOOST_TEST(code_of(claimed) == 2);
    duty.disclaim(claimed);
}

BOOST_AUTO_TEST_CASE(children_that_parley_started_are_never_touched) {
    init_duty duty(ex, after(0ms));
    auto waited_for = start(helper({"exit", "5"}));
    auto tree = start_tree(helper({"exit", "6"}), without_cgroup());
    pid_t dropped = 0, detached = 0;
    {
        auto c = start(helper({"exit", "7"}));
        dropped = c.pid();
        auto d = start(helper({"exit", "8"}));
        detached = d.pid();
        d.detach();
    }
    BOOST_TEST(soon([&] { return is_dead(waited_for.pid()) && is_dead(tree.leader().pid()); }));
    io.restart();
    io.run_for(60ms);
    BOOST_TEST(duty.reaped() == 0u);
    BOOST_TEST(end_of(waited_for) == exit_status::exited(5));
    BOOST_TEST(stop(tree).leader == exit_status::exited(6));
    BOOST_TEST(soon([&] { return !read_row(dropped).value() && !read_row(detached).value(); }));
    BOOST_TEST(duty.reaped() == 0u);
}

BOOST_AUTO_TEST_CASE(a_program_with_children_of_every_kind_gets_every_status) {
    init_duty duty(ex, after(10s));
    auto options = without_cgroup();
    options.subreaper = true;
    auto tree =
        start_tree(shell("i=0; while [ $i -lt 200 ]; do sh -c 'setsid true & true &'; i=$((i+1)); done"), options);
    bool others_done = false, tree_done = false;
    int wrong = 0;
    std::thread others([&] {
        for (int i = 0; i < 40; ++i) {
            if (WEXITSTATUS(::system(("exit " + std::to_string(i)).c_str())) != i) ++wrong;
            FILE* stream = ::popen(("exit " + std::to_string(i)).c_str(), "r");
            if (code_of(forked(i)) != i) ++wrong;
            if (WEXITSTATUS(::pclose(stream)) != i) ++wrong;
        }
        asio::post(io, [&] { others_done = true; });
    });
    int ours = 0;
    for (int i = 0; i < 100; ++i)
        asio::co_spawn(
            io,
            [](executor on, int code, int& done, int& failures) -> task<> {
                const auto what = helper({"exit", std::to_string(code)});
                auto c = spawn(on, what).value();
                if (co_await c.async_wait() != exit_status::exited(code)) ++failures;
                ++done;
            }(ex, i, ours, wrong),
            asio::detached);
    tree.async_wait_empty([&](error_code ec, const tree_report&) { tree_done = !ec; });
    run_until(io, [&] { return others_done && ours == 100 && tree_done; });
    others.join();
    BOOST_TEST(wrong == 0);
    BOOST_TEST(soon([] { return children().empty(); }));
}

BOOST_AUTO_TEST_CASE(a_program_in_a_new_session_or_within_a_tree_keeps_its_children) {
    for (const char* how : {"new-session-before", "new-session-after", "in-a-tree"}) {
        const auto r = run(helper({"duty", how}));
        BOOST_TEST(r.status.success(), how << ": " << r.status);
        BOOST_TEST(r.out == "left alone\n", how << ": " << r.out);
    }
}

BOOST_AUTO_TEST_CASE(a_process_with_the_number_of_an_earlier_child_is_another) {
    const std::pair<std::string, std::string> cases[] = {
        {"adopted", "reaped at once\n"}, {"dead-for-long", "given time\n"}, {"reaped-elsewhere", "left alone\n"}};
    for (const auto& [what, told] : cases) {
        const auto r = run({.program = "/usr/bin/unshare",
                            .arguments = {"-pf", "--mount-proc", test_child(), "duty-number-again", what}});
        if (r.status == exit_status::exited(77) || r.err.find("unshare") != std::string::npos) {
            skip_case(r.err);
            return;
        }
        BOOST_TEST(r.status.success(), what << ": " << r.status);
        BOOST_TEST(r.out == told);
    }
}

BOOST_AUTO_TEST_CASE(there_is_one_a_process) {
    {
        init_duty duty(ex);
        BOOST_CHECK_THROW(init_duty(ex, never()), boost::system::system_error);
        init_duty moved = std::move(duty);
        BOOST_TEST(moved.reaped() == 0u);
        moved.close();
        moved.close();
        BOOST_TEST(!sys::is_subreaper().value());
        init_duty again(ex);
        moved = std::move(again);
    }
    BOOST_TEST(!sys::is_subreaper().value());
    const fault refused(sys::call::prctl, EPERM);
    BOOST_CHECK_THROW(init_duty(ex, never()), boost::system::system_error);
}

BOOST_AUTO_TEST_CASE(the_first_process_of_a_namespace_reaps_forwards_and_steals_nothing) {
    const auto r =
        run({.program = "/usr/bin/unshare", .arguments = {"-pf", "--mount-proc", test_child(), "first-process"}});
    if (r.status == exit_status::exited(77) || r.err.find("unshare") != std::string::npos) {
        skip_case(r.err);
        return;
    }
    BOOST_TEST(r.status.success());
    BOOST_TEST(r.out == "leader exited with 9, plain exited with 6, forked kept, others 0\n");
    BOOST_TEST(r.err.empty(), r.err);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
