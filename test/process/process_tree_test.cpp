// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Trees that are held together by a process group and the mark.

#include <parley/process/process_tree.hpp>

#include "temporary_directory.hpp"
#include "tree_tools.hpp"

#include <parley/core/timeout.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(process_tree_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {
task<exit_report> report_of_leader(process_tree& tree) { co_return co_await tree.leader().async_report(); }
}  // namespace

BOOST_FIXTURE_TEST_SUITE(process_tree_suite, tree_fixture)

BOOST_AUTO_TEST_CASE(a_shell_with_background_children_is_stopped_whole) {
    auto tree = start_tree(shell("sleep 1000 & sleep 1000 & sleep 1000 & wait"), without_cgroup());
    BOOST_TEST(tree.means() == tree_means::group);
    BOOST_TEST(!tree.why_no_cgroup().code());
    BOOST_TEST(soon_are(4));
    BOOST_TEST(list(tree).size() == 4u);
    const auto report = stop(tree);
    BOOST_TEST(members().empty());
    BOOST_TEST(report.left.empty());
    BOOST_TEST(report.found == 4u);
    BOOST_TEST(report.asked == 4u);
    BOOST_TEST(report.killed == 0u);
    BOOST_TEST(report.leader == exit_status::signalled(SIGTERM));
    const auto of_the_leader = run_task(io, report_of_leader(tree));
    BOOST_TEST(of_the_leader.step == stop_step::asked);
    BOOST_TEST(of_the_leader.sender == signal_sender::stop_policy);
    BOOST_TEST(to_string(report) == "4 found, 4 asked, 0 killed, none left; the leader was killed by SIGTERM");
    BOOST_TEST((stop(tree) == report));
}

BOOST_AUTO_TEST_CASE(who_is_left_behind_by_a_leader_that_ended_is_stopped) {
    auto tree = start_tree(shell("sleep 1000 & sleep 1000 & exit 3"), without_cgroup());
    BOOST_TEST(wait(tree) == exit_status::exited(3));
    BOOST_TEST(soon_are(2));
    const auto report = stop(tree);
    BOOST_TEST(report.asked == 2u);
    BOOST_TEST(report.leader == exit_status::exited(3));
    BOOST_TEST(run_task(io, report_of_leader(tree)).step == stop_step::none);
    BOOST_TEST(members().empty());
}

BOOST_AUTO_TEST_CASE(deaf_members_are_killed_after_the_grace) {
    auto tree = start_tree(shell("trap '' TERM; sleep 1000 & sleep 1000 & wait"), without_cgroup());
    BOOST_TEST(soon_are(3));
    const auto report = stop(tree, {SIGTERM, 30ms});
    BOOST_TEST(report.found == 3u);
    BOOST_TEST(report.asked == 3u);
    BOOST_TEST(report.killed == 3u);
    BOOST_TEST(report.leader == exit_status::signalled(SIGKILL));
    const auto of_the_leader = run_task(io, report_of_leader(tree));
    BOOST_TEST(of_the_leader.step == stop_step::killed);
    BOOST_TEST(of_the_leader.sender == signal_sender::stop_policy);
    BOOST_TEST(members().empty());
}

BOOST_AUTO_TEST_CASE(fifty_deaf_or_stopped_members_are_gone_at_the_end_of_the_grace) {
    auto tree = start_tree(shell("i=0; while [ $i -lt 50 ]; do sh -c \"trap '' TERM; kill -STOP \\$\\$; sleep 1000\" & "
                                 "i=$((i+1)); done; wait"),
                           without_cgroup());
    BOOST_TEST(soon_are(51));
    const auto report = stop(tree, {SIGTERM, 100ms});
    BOOST_TEST(report.found >= 51u);
    BOOST_TEST(report.left.empty());
    BOOST_TEST(members().empty());
}

BOOST_AUTO_TEST_CASE(a_stopped_member_hears_the_question) {
    auto tree = start_tree(shell("sleep 1000 & wait"), without_cgroup());
    BOOST_TEST(soon_are(2));
    BOOST_TEST(send(tree, SIGSTOP) == 2u);
    const auto report = stop(tree, {SIGTERM, 20s});
    BOOST_TEST(report.killed == 0u);
    BOOST_TEST(report.leader == exit_status::signalled(SIGTERM));
}

BOOST_AUTO_TEST_CASE(everybody_is_asked_once_and_may_clean_up) {
    // A trap that starts a program: it comes after the question, and is not asked.
    auto [tree, said] = start_saying(
        shell("trap 'sleep 0.1; echo cleaned; exit 5' TERM; echo ready; while :; do sleep 1000 & wait $!; done"),
        without_cgroup());
    BOOST_TEST(said == "ready");
    BOOST_TEST(soon_run({"sh", "sleep"}));
    const auto report = stop(tree);
    BOOST_TEST(report.leader == exit_status::exited(5));
    BOOST_TEST(run_task(io, next_line(tree.leader())) == "cleaned");
    BOOST_TEST(report.asked == 2u);
    BOOST_TEST(report.killed == 0u);
}

BOOST_AUTO_TEST_CASE(who_comes_after_the_question_is_asked_when_nobody_is_left_who_was) {
    auto [tree, said] = start_saying(helper({"successor"}), without_cgroup());
    BOOST_TEST(said == "ready");
    const auto report = stop(tree, {SIGTERM, 20s});
    BOOST_TEST(report.asked == 2u);
    BOOST_TEST(report.killed == 0u);
    BOOST_TEST(members().empty());
}

BOOST_AUTO_TEST_CASE(a_daemon_that_left_group_session_and_parent_is_found_by_the_mark) {
    auto [tree, said] = start_saying(helper({"daemon"}), without_cgroup());
    BOOST_TEST(wait(tree) == exit_status::exited(0));
    BOOST_TEST(read_row(std::stoi(said)).value()->parent != ::getpid());
    const auto report = stop(tree);
    BOOST_TEST(report.found == 1u);
    BOOST_TEST(report.asked == 1u);
    BOOST_TEST(members().empty());
}

BOOST_AUTO_TEST_CASE(without_mark_subreaper_and_cgroup_such_a_daemon_gets_away) {
    auto options = without_cgroup();
    options.mark = false;
    auto [tree, said] = start_saying(helper({"daemon"}), options);
    const auto report = stop(tree);
    BOOST_TEST(report.left.empty());
    BOOST_TEST(members().size() == 1u);
    ::kill(std::stoi(said), SIGKILL);
}

BOOST_AUTO_TEST_CASE(a_program_with_a_limit_of_its_own_is_not_marked) {
    auto what = helper({"daemon"});
    what.limits.push_back({RLIMIT_RTTIME, 1'000'000, resource_limit::unlimited});
    auto [tree, said] = start_saying(what, without_cgroup());
    BOOST_TEST(realtime_limit(std::stoi(said)) == 1'000'000u);
    stop(tree);
    BOOST_TEST(members().size() == 1u);
    ::kill(std::stoi(said), SIGKILL);
}

BOOST_AUTO_TEST_CASE(who_leads_a_session_takes_its_job_groups_along) {
    auto in_session = helper({"jobs", "2"});
    in_session.group = process_group::session;
    auto on_terminal = helper({"jobs", "2"});
    on_terminal.in = on_terminal.out = on_terminal.err = stdio::pty();
    auto options = without_cgroup();
    options.mark = false;
    for (const auto& what : {in_session, on_terminal}) {
        auto tree = start_tree(what, options);
        BOOST_TEST(soon_are(3));
        const auto report = stop(tree, {SIGHUP, 20s});
        BOOST_TEST(report.asked == 3u);
        BOOST_TEST(members().empty());
    }
}

BOOST_AUTO_TEST_CASE(a_relay_of_forks_in_the_group_is_stopped) {
    auto [tree, said] = start_saying(helper({"fork-relay", "8"}), without_cgroup());
    BOOST_TEST(said == "ready");
    const auto report = stop(tree, stop_policy::kill());
    BOOST_TEST(report.left.empty());
    BOOST_TEST(members().empty());
}

BOOST_AUTO_TEST_CASE(a_storm_of_processes_in_sessions_of_their_own_ends) {
    auto [tree, said] = start_saying(helper({"fork-bomb", "200"}), without_cgroup());
    BOOST_TEST(said == "ready");
    const auto report = stop(tree, stop_policy::kill());
    BOOST_TEST(report.left.empty());
    BOOST_TEST(report.found >= 1u);
    BOOST_TEST(members().empty());
}

BOOST_AUTO_TEST_CASE(everybody_who_waits_for_the_end_is_told_the_leaders_status) {
    auto tree = start_tree(shell("sleep 0.02 & exit 7"), without_cgroup());
    int told = 0;
    for (int i = 0; i < 3; ++i)
        tree.async_wait_empty([&](error_code ec, const tree_report& report) {
            ++told;
            BOOST_TEST(!ec);
            BOOST_TEST(report.leader == exit_status::exited(7));
            BOOST_TEST(zombies().empty());
        });
    run_until(io, [&] { return told == 3; });
}

BOOST_AUTO_TEST_CASE(waiting_for_the_leader_is_not_waiting_for_all) {
    auto tree = start_tree(shell("sleep 1000 & exit 0"), without_cgroup());
    BOOST_TEST(wait(tree).success());
    bool empty = false;
    tree.async_wait_empty([&](error_code ec, const tree_report& report) {
        empty = true;
        BOOST_TEST(!ec);
        BOOST_TEST(report.leader.success());
    });
    run_ready(io);
    const auto left = members();
    BOOST_TEST(left.size() == 1u);
    BOOST_TEST(!empty);
    for (const pid_t pid : left) ::kill(pid, SIGKILL);
    run_until(io, [&] { return empty; });
    BOOST_TEST(wait_empty(tree).left.empty());
}

BOOST_AUTO_TEST_CASE(a_tree_that_ends_by_itself_is_empty) {
    auto tree = start_tree(shell("sleep 0.02 & sleep 0.05 & exit 7"), without_cgroup());
    const auto report = wait_empty(tree);
    BOOST_TEST(report.leader == exit_status::exited(7));
    BOOST_TEST(report.asked == 0u);
    BOOST_TEST(zombies().empty());
    BOOST_TEST(list(tree).empty());
    BOOST_TEST(send(tree, SIGTERM) == 0u);
}

BOOST_AUTO_TEST_CASE(leaving_scope_stops_the_tree_and_does_not_wait) {
    {
        auto tree = start_tree(shell("sleep 1000 & sleep 1000 & wait"), without_cgroup());
        BOOST_TEST(soon_are(3));
    }
    BOOST_TEST(members().size() == 3u);
    BOOST_TEST(run_dry(io));
    BOOST_TEST(members().empty());
}

BOOST_AUTO_TEST_CASE(assignment_stops_what_was_held) {
    auto tree = start_tree(shell("sleep 1000 & wait"), without_cgroup());
    BOOST_TEST(soon_are(2));
    tree = process_tree();
    BOOST_TEST(!tree);
    BOOST_TEST(run_dry(io));
    BOOST_TEST(members().empty());
}

BOOST_AUTO_TEST_CASE(a_context_that_goes_away_takes_the_tree_along) {
    {
        asio::io_context short_lived;
        auto what = marked(shell("trap '' TERM; setsid sleep 1000 & sleep 1000 & wait"));
        what.stop = {SIGTERM, 20ms};
        auto tree = spawn_tree(short_lived.get_executor(), what, without_cgroup()).value();
        BOOST_TEST(soon_are(3));
        bool stopped = false;
        tree.async_wait_empty([&](error_code, const tree_report&) { stopped = true; });
        short_lived.poll();
        BOOST_TEST(!stopped);
    }
    BOOST_TEST(soon_are(0));
}

BOOST_AUTO_TEST_CASE(a_context_that_goes_away_during_a_stop_lets_it_go_on) {
    {
        asio::io_context short_lived;
        auto tree =
            spawn_tree(short_lived.get_executor(), marked(shell("trap '' TERM; sleep 1000 & wait")), without_cgroup())
                .value();
        BOOST_TEST(soon_are(2));
        tree.async_stop(stop_policy{SIGTERM, 50ms}, [](error_code, const tree_report&) {});
        short_lived.poll();
    }
    BOOST_TEST(soon_are(0));
}

BOOST_AUTO_TEST_CASE(an_abandoned_stop_goes_on) {
    run_task(io, [](tree_fixture& f) -> task<> {
        auto tree = f.start_tree(shell("trap '' TERM; sleep 1000 & wait"), without_cgroup());
        BOOST_TEST(f.soon_are(2));
        auto [ec, report] = co_await with_timeout(tree.async_stop(stop_policy{SIGTERM, 50ms}), 1ms,
                                                  asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(ec == asio::error::timed_out);
        BOOST_TEST((co_await tree.async_wait_empty()).killed == 2u);
    }(*this));
}

BOOST_AUTO_TEST_CASE(a_harder_policy_overtakes) {
    auto tree = start_tree(shell("trap '' TERM; sleep 1000 & wait"), without_cgroup());
    BOOST_TEST(soon_are(2));
    bool first = false;
    tree.async_stop(stop_policy{SIGTERM, 24h}, [&](error_code ec, const tree_report& report) {
        first = true;
        BOOST_TEST(!ec);
        BOOST_TEST(report.killed == 2u);
    });
    BOOST_TEST(stop(tree, stop_policy::kill()).left.empty());
    run_until(io, [&] { return first; });
}

BOOST_AUTO_TEST_CASE(a_cancelled_wait_loses_nothing) {
    run_task(io, [](tree_fixture& f) -> task<> {
        auto tree = f.start_tree(shell("sleep 1000 & wait"), without_cgroup());
        auto [ec, report] = co_await with_timeout(tree.async_wait_empty(), 5ms, asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(ec == asio::error::timed_out);
        auto [wait_ec, status] = co_await with_timeout(tree.async_wait(), 1ms, asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(wait_ec == asio::error::timed_out);
        BOOST_TEST((co_await tree.async_stop()).left.empty());
        BOOST_TEST((co_await tree.async_wait()) == exit_status::signalled(SIGTERM));
    }(*this));
}

BOOST_AUTO_TEST_CASE(signals_are_handed_on) {
    auto [tree, said] = start_saying(
        shell("trap 'echo usr1' USR1; trap 'exit 6' TERM; echo ready; while :; do sleep 0.01; done"), without_cgroup());
    BOOST_TEST(said == "ready");
    bool ended = false;
    tree.async_forward(signal_watcher(ex, {SIGUSR1, SIGTERM}), forward_to::leader, [&](error_code ec) {
        ended = true;
        BOOST_TEST(!ec);
    });
    ::kill(::getpid(), SIGUSR1);
    BOOST_TEST(run_task(io, next_line(tree.leader())) == "usr1");
    ::kill(::getpid(), SIGTERM);
    run_until(io, [&] { return ended; });
    BOOST_TEST(wait_empty(tree).leader == exit_status::exited(6));
}

BOOST_AUTO_TEST_CASE(signals_are_handed_on_to_all) {
    auto tree = start_tree(shell("sleep 1000 & sleep 1000 & wait"), without_cgroup());
    BOOST_TEST(soon_are(3));
    bool ended = false;
    tree.async_forward(signal_watcher(ex, {SIGHUP}), forward_to::tree, [&](error_code ec) {
        ended = true;
        BOOST_TEST(!ec);
    });
    ::kill(::getpid(), SIGHUP);
    run_until(io, [&] { return ended; });
    BOOST_TEST(wait_empty(tree).leader == exit_status::signalled(SIGHUP));
}

BOOST_AUTO_TEST_CASE(forwarding_ends_when_it_is_cancelled) {
    run_task(io, [](tree_fixture& f) -> task<> {
        auto tree = f.start_tree(helper({"ready"}), without_cgroup());
        const signal_mask hangup{SIGHUP};
        signal_watcher signals(f.ex, hangup);
        auto [ec] = co_await with_timeout(tree.async_forward(std::move(signals), forward_to::leader), 5ms,
                                          asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(ec == asio::error::timed_out);
    }(*this));
}

BOOST_AUTO_TEST_CASE(an_empty_handle_has_no_child) {
    run_task(io, []() -> task<> {
        process_tree none;
        BOOST_TEST(!none);
        BOOST_TEST(none.means() == tree_means::group);
        BOOST_TEST(none.cgroup().empty());
        const auto token = asio::as_tuple(asio::use_awaitable);
        BOOST_TEST(std::get<0>(co_await none.async_wait(token)) == make_error_code(errc::no_child));
        BOOST_TEST(std::get<0>(co_await none.async_wait_empty(token)) == make_error_code(errc::no_child));
        BOOST_TEST(std::get<0>(co_await none.async_stop(token)) == make_error_code(errc::no_child));
        BOOST_TEST(std::get<0>(co_await none.async_list(token)) == make_error_code(errc::no_child));
        BOOST_TEST(std::get<0>(co_await none.async_send_signal(0, token)) == make_error_code(errc::no_child));
        BOOST_CHECK_THROW(none.leader(), boost::system::system_error);
        BOOST_CHECK_THROW(none.get_executor(), boost::system::system_error);
    }());
}

BOOST_AUTO_TEST_CASE(a_signal_that_does_not_exist_is_refused) {
    auto tree = start_tree(helper({"ready"}), without_cgroup());
    BOOST_CHECK_THROW(send(tree, 4000), boost::system::system_error);
    stop(tree);
}

BOOST_AUTO_TEST_CASE(a_failed_start_leaves_nothing) {
    const auto tree = spawn_tree(ex, {.program = "/no/such/program"});
    BOOST_TEST(tree.has_error());
    BOOST_TEST(tree.error().code() == boost::system::errc::no_such_file_or_directory);
}

BOOST_AUTO_TEST_CASE(who_is_nobody_falls_back_to_the_group_and_says_so) {
    auto what = helper({"tree-means"});
    // A copy that everybody may run: the tree may lie in a home directory, which nobody may not enter.
    const temporary_directory open_to_all;
    if (::geteuid() == 0) {
        std::filesystem::permissions(open_to_all.path(), std::filesystem::perms(0755));
        const auto copy = open_to_all / "helper";
        std::filesystem::copy_file(what.program, copy);
        what.program = copy;
        what.run_as = {65534, 65534};
    }
    const auto r = run(marked(what));
    BOOST_TEST(r.status.success());
    BOOST_TEST_MESSAGE(r.out);
    if (::geteuid() == 0) BOOST_TEST(r.out.starts_with("group: cgroup"), r.out);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
