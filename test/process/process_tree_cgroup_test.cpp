// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Trees that have a cgroup. Where none can be made these tests say why and pass.

#include <parley/process/process_tree.hpp>

#include "captured_log.hpp"
#include "fault.hpp"
#include "old_cgroups.hpp"
#include "skip.hpp"
#include "temporary_directory.hpp"
#include "test_child.hpp"
#include "tree_tools.hpp"

#include <parley/process/spawn.hpp>

#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

BOOST_AUTO_TEST_SUITE(process_tree_cgroup_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

// Only the cgroup, so that nothing else can have found them.
tree_options only_cgroup() {
    auto options = with_cgroup();
    options.mark = false;
    return options;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(process_tree_cgroup_suite, tree_fixture)

BOOST_AUTO_TEST_CASE(a_tree_lives_in_a_cgroup_of_its_own_that_goes_with_it) {
    if (!have_cgroup()) return;
    auto tree = start_tree(shell("sleep 1000 & wait"), {});
    BOOST_TEST(tree.means() == tree_means::cgroup);
    const auto directory = tree.cgroup();
    BOOST_TEST(std::filesystem::exists(directory + "/cgroup.procs"));
    BOOST_TEST(soon_are(2));
    const auto seen = list(tree);
    BOOST_TEST(seen.size() == 2u);
    const auto report = stop(tree);
    BOOST_TEST(report.found == 2u);
    BOOST_TEST(report.asked == 2u);
    BOOST_TEST(report.killed == 0u);
    BOOST_TEST(report.leader == exit_status::signalled(SIGTERM));
    BOOST_TEST(members().empty());
    BOOST_TEST(!std::filesystem::exists(directory));
}

BOOST_AUTO_TEST_CASE(a_daemon_that_left_group_session_and_parent_is_in_the_cgroup) {
    if (!have_cgroup()) return;
    auto [tree, said] = start_saying(helper({"daemon"}), only_cgroup());
    BOOST_TEST(wait(tree).success());
    const auto report = stop(tree);
    BOOST_TEST(report.asked == 1u);
    BOOST_TEST(members().empty());
}

BOOST_AUTO_TEST_CASE(deaf_members_of_a_cgroup_are_killed) {
    if (!have_cgroup()) return;
    auto tree = start_tree(shell("trap '' TERM; setsid sleep 1000 & sleep 1000 & wait"), only_cgroup());
    BOOST_TEST(soon_are(3));
    const auto report = stop(tree, {SIGTERM, 30ms});
    BOOST_TEST(report.killed == 3u);
    BOOST_TEST(report.leader == exit_status::signalled(SIGKILL));
    BOOST_TEST(members().empty());
}

BOOST_AUTO_TEST_CASE(storms_in_a_cgroup_end) {
    if (!have_cgroup()) return;
    const auto killed = [&](const command& what) {
        auto [tree, said] = start_saying(what, only_cgroup());
        BOOST_TEST(said == "ready");
        const auto report = stop(tree, stop_policy::kill());
        BOOST_TEST(report.left.empty());
        BOOST_TEST(members().empty());
    };
    killed(helper({"fork-relay", "8"}));
    killed(helper({"fork-bomb", "200"}));
    killed(helper({"respawners", "50", "session"}));
}

BOOST_AUTO_TEST_CASE(a_tree_that_ends_by_itself_takes_its_cgroup_along) {
    if (!have_cgroup()) return;
    auto tree = start_tree(shell("setsid sleep 0.02 & exit 7"), only_cgroup());
    const auto directory = tree.cgroup();
    BOOST_TEST(wait_empty(tree).leader == exit_status::exited(7));
    BOOST_TEST(!std::filesystem::exists(directory));
}

BOOST_AUTO_TEST_CASE(cgroups_within_the_cgroup_go_with_it) {
    if (!have_cgroup()) return;
    auto tree = start_tree(helper({"ready"}), only_cgroup());
    const auto inner = tree.cgroup() + "/inner/most";
    std::filesystem::create_directories(inner);
    auto other = marked({.program = "/bin/sleep", .arguments = {"1000"}});
    other.cgroup = inner;
    auto deep = start(other);
    const auto seen = list(tree);
    BOOST_TEST(seen.size() == 2u);
    BOOST_TEST(stop(tree).asked == 2u);
    BOOST_TEST(end_of(deep) == exit_status::signalled(SIGTERM));
}

BOOST_AUTO_TEST_CASE(a_named_directory_is_used) {
    if (!have_cgroup()) return;
    auto outer = start_tree(helper({"ready"}), with_cgroup());
    auto options = with_cgroup();
    options.cgroup_parent = outer.cgroup();
    auto inner = start_tree(helper({"ready"}), options);
    BOOST_TEST(inner.cgroup().starts_with(outer.cgroup() + "/parley-"));
    auto what = helper({"ready"});
    what.cgroup = outer.cgroup();
    auto by_command = start_tree(what, with_cgroup());
    BOOST_TEST(by_command.cgroup().starts_with(outer.cgroup() + "/parley-"));
    BOOST_TEST(list(outer).size() == 3u);
    BOOST_TEST(stop(outer, stop_policy::kill()).left.empty());
    BOOST_TEST(stop(inner).leader == exit_status::signalled(SIGKILL));
    BOOST_TEST(stop(by_command).leader == exit_status::signalled(SIGKILL));
}

BOOST_AUTO_TEST_CASE(where_there_is_no_cgroup_the_start_fails_or_goes_on_without) {
    const temporary_directory elsewhere;
    auto options = with_cgroup();
    options.cgroup_parent = elsewhere.path();
    const auto refused = spawn_tree(ex, helper({"ready"}), options);
    BOOST_TEST(refused.has_error());
    BOOST_TEST(refused.error().message().find(elsewhere.path()) != std::string::npos, refused.error().message());
    options.cgroup = cgroup_use::if_possible;
    auto tree = start_tree(helper({"ready"}), options);
    BOOST_TEST(tree.means() == tree_means::group);
    BOOST_TEST(tree.why_no_cgroup() == refused.error());
    BOOST_TEST(stop(tree).left.empty());
    BOOST_TEST(std::filesystem::is_empty(elsewhere.path()));
}

BOOST_AUTO_TEST_CASE(a_cgroup_that_cannot_be_entered_is_done_without) {
    if (!have_cgroup()) return;
    const fault closed(sys::call::child_cgroup, EOPNOTSUPP);
    const auto refused = spawn_tree(ex, helper({"ready"}), with_cgroup());
    BOOST_TEST(refused.has_error());
    BOOST_TEST((failed_step(refused.error().code()) == spawn_step::cgroup));
    auto tree = start_tree(helper({"ready"}), {});
    BOOST_TEST(tree.means() == tree_means::group);
    BOOST_TEST((failed_step(tree.why_no_cgroup().code()) == spawn_step::cgroup));
    BOOST_TEST(stop(tree).left.empty());
}

BOOST_AUTO_TEST_CASE(a_failed_start_leaves_no_cgroup) {
    if (!have_cgroup()) return;
    const auto tree = spawn_tree(ex, {.program = "/no/such/program"}, with_cgroup());
    BOOST_TEST(tree.has_error());
}

BOOST_AUTO_TEST_CASE(a_kernel_without_cgroup_kill_freezes_and_kills_one_by_one) {
    if (!have_cgroup()) return;
    for (const char* storm : {"fork-relay", "fork-bomb"}) {
        auto [tree, said] =
            start_saying(helper({storm, storm == std::string("fork-relay") ? "8" : "200"}), only_cgroup());
        BOOST_TEST(said == "ready");
        // Every other write is the one to cgroup.kill.
        static std::atomic<int> writes{0};
        const auto earlier = sys::set_fault_hook(
            [](sys::call c) noexcept { return c == sys::call::write && writes++ % 2 == 0 ? ENOENT : 0; });
        const auto report = stop(tree, stop_policy::kill());
        sys::set_fault_hook(earlier);
        BOOST_TEST(writes > 0);
        BOOST_TEST(report.left.empty());
        BOOST_TEST(members().empty());
    }
}

BOOST_AUTO_TEST_CASE(a_cgroup_that_cannot_be_killed_is_frozen_before_the_first_is_killed) {
    if (!have_cgroup()) return;
    auto tree = start_tree(shell("setsid sleep 1000 & wait"), only_cgroup());
    BOOST_TEST(soon_are(2));
    static std::string freezer;
    static std::atomic<int> signals{0}, unfrozen{0};
    freezer = tree.cgroup() + "/cgroup.freeze";
    const old_cgroups kernel([]() noexcept {
        ++signals;
        if (std::ifstream(freezer).get() != '1') ++unfrozen;
        return 0;
    });
    BOOST_TEST(stop(tree, stop_policy::kill()).killed == 2u);
    BOOST_TEST(signals > 0);
    BOOST_TEST(unfrozen == 0);
}

BOOST_AUTO_TEST_CASE(who_has_left_the_cgroup_since_it_was_listed_is_no_member) {
    if (!have_cgroup()) return;
    auto tree = start_tree(shell("sleep 1000 & wait"), only_cgroup());
    BOOST_TEST(soon_run({"sh", "sleep"}));
    const auto seen = list(tree);
    BOOST_TEST_REQUIRE(seen.size() == 2u);
    static std::string outside;
    static pid_t leaves = 0;
    outside = std::filesystem::path(tree.cgroup()).parent_path() / "cgroup.procs";
    leaves = seen[seen[0].name == "sleep" ? 0 : 1].pid;
    // The numbers are read, the rows not yet.
    const auto earlier = sys::set_fault_hook([](sys::call c) noexcept {
        if (c == sys::call::getdents && leaves != 0) std::ofstream(outside) << std::exchange(leaves, 0) << std::flush;
        return 0;
    });
    const auto left = list(tree);
    sys::set_fault_hook(earlier);
    BOOST_TEST_REQUIRE(left.size() == 1u);
    BOOST_TEST(left[0].name == "sh");
}

BOOST_AUTO_TEST_CASE(who_could_not_be_killed_is_not_left_frozen) {
    if (!have_cgroup()) return;
    auto options = only_cgroup();
    options.give_up_after = 50ms;
    auto tree = start_tree(helper({"ready"}), options);
    {
        const captured_log log;
        const old_cgroups kernel([]() noexcept { return EACCES; });
        BOOST_TEST(stop(tree, stop_policy::kill()).left.size() == 1u);
    }
    BOOST_TEST(std::ifstream(tree.cgroup() + "/cgroup.freeze").get() == '0');
    BOOST_TEST(stop(tree, stop_policy::kill()).left.empty());
}

BOOST_AUTO_TEST_CASE(who_is_of_another_namespace_is_told_of_unseen_not_left_frozen_and_killed_with_the_cgroup) {
    if (!have_cgroup()) return;
    command inside{.program = "/usr/bin/unshare",
                   .arguments = {"-pf", "--mount-proc", test_child(), "tree-with-outsider"}};
    inside.in = inside.out = stdio::pipe();
    auto first = start(inside);
    const auto where = run_task(io, next_line(first));
    if (!std::filesystem::exists(where + "/cgroup.procs")) {
        skip_case(where);
        BOOST_TEST(end_of(first).known());
        return;
    }
    auto outsider_plan = helper({"ready"});
    outsider_plan.cgroup = where;
    auto outsider = start(outsider_plan);
    const auto stopped = [&] {
        run_task(io, [](child& c) -> task<> {
            co_await asio::async_write(c.in(), asio::buffer("x", 1), asio::use_awaitable);
        }(first));
        return run_task(io, next_line(first));
    };
    BOOST_TEST(stopped() ==
               "1 found, 0 asked, 1 killed, left: 0 (of another PID namespace); the leader was killed by "
               "SIGKILL");
    BOOST_TEST(std::ifstream(where + "/cgroup.freeze").get() == '0');
    BOOST_TEST(!outsider.try_wait().has_value());
    BOOST_TEST(stopped() == "1 found, 0 asked, 1 killed, none left; the leader was killed by SIGKILL");
    BOOST_TEST(end_of(outsider) == exit_status::signalled(SIGKILL));
    BOOST_TEST(end_of(first).success());
    BOOST_TEST(!std::filesystem::exists(where));
}

BOOST_AUTO_TEST_CASE(a_context_that_goes_away_takes_tree_and_cgroup_along) {
    if (!have_cgroup()) return;
    std::string directory;
    {
        asio::io_context short_lived;
        auto what = marked(shell("trap '' TERM; setsid sleep 1000 & wait"));
        what.stop = {SIGTERM, 20ms};
        auto tree = spawn_tree(short_lived.get_executor(), what, only_cgroup()).value();
        directory = tree.cgroup();
        BOOST_TEST(soon_are(2));
    }
    BOOST_TEST(soon([&] { return !std::filesystem::exists(directory); }));
    BOOST_TEST(members().empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
