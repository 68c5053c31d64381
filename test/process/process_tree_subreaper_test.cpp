// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Trees whose orphans this process adopts, and the children that are not theirs.

#include <parley/process/process_tree.hpp>

#include "tree_tools.hpp"

#include <parley/process/spawn.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(process_tree_subreaper_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

tree_options adopting() {
    auto options = without_cgroup();
    options.subreaper = true;
    return options;
}

pid_t fork_that_exits_with(int code) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(code);
    return pid;
}

bool has_ended(pid_t pid) {
    const auto row = read_row(pid).value();
    return row && row->ended;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(process_tree_subreaper_suite, tree_fixture)

BOOST_AUTO_TEST_CASE(a_daemon_becomes_our_child_and_is_stopped_and_reaped) {
    auto [tree, said] = start_saying(helper({"daemon"}), adopting());
    BOOST_TEST(wait(tree).success());
    const pid_t daemon = std::stoi(said);
    BOOST_TEST(read_row(daemon).value()->parent == ::getpid());
    const auto report = stop(tree);
    BOOST_TEST(report.asked == 1u);
    BOOST_TEST(members().empty());
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(orphans_that_end_are_reaped_while_somebody_waits) {
    // Each is an orphan the moment it is there, and ends at once.
    auto tree = start_tree(
        shell("i=0; while [ $i -lt 30 ]; do sh -c 'setsid true &'; i=$((i+1)); done; exec sleep 1000"), adopting());
    BOOST_TEST(soon([&] { return zombies().size() >= 5; }));
    bool ended = false;
    tree.async_wait([&](error_code, exit_status) { ended = true; });
    BOOST_TEST(soon([&] {
        const auto now = members();
        return now.size() == 1 && zombies().empty();
    }));
    BOOST_TEST(!ended);
    stop(tree);
    run_until(io, [&] { return ended; });
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(the_dead_of_other_users_without_an_environment_are_known_by_their_mark) {
    auto tree = start_tree(
        shell("sh -c 'setsid env -i sh -c \"trap : TERM; exit 3\" &'; sh -c 'setsid true &'; exec sleep 1000"),
        adopting());
    BOOST_TEST(soon([&] { return zombies().size() == 2; }));
    stop(tree);
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(children_that_others_forked_keep_their_statuses) {
    auto tree = start_tree(
        shell("i=0; while [ $i -lt 100 ]; do sh -c 'setsid true &'; i=$((i+1)); done; exec sleep 1000"), adopting());
    // Dead and alive, in the session and in one of their own, waited for late.
    std::vector<pid_t> forked;
    for (int i = 0; i < 50; ++i) forked.push_back(fork_that_exits_with(i));
    const pid_t leads_session = ::fork();
    if (leads_session == 0) {
        ::setsid();
        ::_exit(51);
    }
    auto own = start(helper({"exit", "52"}));
    bool ended = false;
    tree.async_wait([&](error_code, exit_status) { ended = true; });
    BOOST_TEST(soon([&] {
        return has_ended(leads_session) && std::ranges::all_of(forked, has_ended) && zombies().size() == 52 &&
               members().size() == 1;
    }));
    const int by_system = ::system("exit 7");
    BOOST_TEST(WEXITSTATUS(by_system) == 7);
    FILE* stream = ::popen("exit 8", "r");
    BOOST_TEST(soon([&] { return zombies().size() == 53; }));
    stop(tree);
    BOOST_TEST(ended);
    BOOST_TEST(WEXITSTATUS(::pclose(stream)) == 8);
    for (std::size_t i = 0; i < forked.size(); ++i) {
        int status = 0;
        BOOST_TEST(::waitpid(forked[i], &status, 0) == forked[i]);
        BOOST_TEST(WEXITSTATUS(status) == static_cast<int>(i));
    }
    int status = 0;
    BOOST_TEST(::waitpid(leads_session, &status, 0) == leads_session);
    BOOST_TEST(WEXITSTATUS(status) == 51);
    BOOST_TEST(end_of(own) == exit_status::exited(52));
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(a_living_child_of_others_is_no_member) {
    const pid_t forked = ::fork();
    if (forked == 0)
        for (;;) ::pause();
    auto own = start(helper({"ready"}));
    auto tree = start_tree(shell("sleep 1000 & wait"), adopting());
    const pid_t later = ::fork();
    if (later == 0)
        for (;;) ::pause();
    BOOST_TEST(stop(tree, stop_policy::kill()).killed <= 2u);
    for (const pid_t pid : {forked, later}) {
        BOOST_TEST(::waitpid(pid, nullptr, WNOHANG) == 0);
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }
    BOOST_TEST(!own.try_wait().has_value());
}

BOOST_AUTO_TEST_CASE(two_trees_share_the_switch_and_reap_their_own) {
    auto one = start_tree(helper({"daemon"}), adopting());
    auto [two, said] = start_saying(helper({"daemon"}), adopting());
    BOOST_TEST(soon_are(2));
    BOOST_TEST(wait(one).success());
    BOOST_TEST(stop(one).found >= 1u);
    BOOST_TEST(sys::is_subreaper().value());
    BOOST_TEST(soon_are(1));
    BOOST_TEST(read_row(std::stoi(said)).value()->parent == ::getpid());
    BOOST_TEST(stop(two).left.empty());
    BOOST_TEST(!sys::is_subreaper().value());
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(a_tree_that_did_not_ask_for_it_gets_its_orphans_reaped_too) {
    auto asking = start_tree(helper({"ready"}), adopting());
    auto tree = start_tree(shell("sh -c 'setsid true & setsid sleep 1000 &'; exec sleep 1000"), without_cgroup());
    BOOST_TEST(soon([&] { return zombies().size() == 1 && members().size() == 3; }));
    stop(tree);
    BOOST_TEST(children().size() == 1u);
    stop(asking);
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(an_orphan_that_came_while_the_switch_was_on_is_reaped_when_it_is_off) {
    auto asking = start_tree(helper({"ready"}), adopting());
    auto [tree, said] = start_saying(helper({"daemon"}), without_cgroup());
    const pid_t daemon = std::stoi(said);
    BOOST_TEST(soon([&] { return read_row(daemon).value()->parent == ::getpid(); }));
    stop(asking);
    BOOST_TEST(!sys::is_subreaper().value());
    BOOST_TEST(stop(tree).left.empty());
    BOOST_TEST(children().empty());
    ::waitpid(daemon, nullptr, WNOHANG);
}

BOOST_AUTO_TEST_CASE(a_program_that_is_a_subreaper_stays_one) {
    BOOST_TEST(!sys::set_subreaper(true));
    {
        auto tree = start_tree(helper({"daemon"}), adopting());
        stop(tree);
    }
    BOOST_TEST(sys::is_subreaper().value());
    BOOST_TEST(!sys::set_subreaper(false));
}

BOOST_AUTO_TEST_CASE(leaving_scope_reaps_the_adopted_too) {
    {
        auto [tree, said] = start_saying(helper({"daemon"}), adopting());
        BOOST_TEST(wait(tree).success());
    }
    BOOST_TEST(run_dry(io));
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(a_context_that_goes_away_reaps_the_adopted_too) {
    {
        asio::io_context short_lived;
        auto tree = spawn_tree(short_lived.get_executor(), marked(helper({"daemon"})), adopting()).value();
        BOOST_TEST(soon_are(1));
    }
    BOOST_TEST(soon([] { return children().empty(); }));
}

BOOST_AUTO_TEST_CASE(with_a_cgroup_the_adopted_are_known_by_it) {
    if (!have_cgroup()) return;
    auto options = with_cgroup();
    options.subreaper = true;
    options.mark = false;
    auto tree = start_tree(shell("sh -c 'setsid true &'; sh -c 'setsid sleep 1000 &'; exit 0"), options);
    BOOST_TEST(soon([&] { return zombies().size() >= 2 && members().size() == 1; }));  // of which one is the leader
    const auto report = stop(tree);
    BOOST_TEST(report.asked == 1u);
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
