// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Trees on kernels and among programs that make it hard.

#include <parley/process/process_tree.hpp>

#include "captured_log.hpp"
#include "fault.hpp"
#include "skip.hpp"
#include "tree_tools.hpp"

#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(process_tree_faults_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

// No signal gets through, as to processes of somebody else.
class nobody_can_be_signalled {
public:
    nobody_can_be_signalled()
        : earlier_(sys::set_fault_hook([](sys::call c) noexcept {
              return c == sys::call::pidfd_send_signal || c == sys::call::kill || c == sys::call::write ? EPERM : 0;
          })) {}
    ~nobody_can_be_signalled() { sys::set_fault_hook(earlier_); }
    nobody_can_be_signalled(const nobody_can_be_signalled&) = delete;
    nobody_can_be_signalled& operator=(const nobody_can_be_signalled&) = delete;

private:
    sys::fault_hook earlier_;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(process_tree_faults_suite, tree_fixture)

BOOST_AUTO_TEST_CASE(who_cannot_be_killed_is_named) {
    const captured_log log;
    for (const bool cgroup : {false, true}) {
        if (cgroup && !can_make_cgroup()) continue;
        auto options = cgroup ? with_cgroup() : without_cgroup();
        options.give_up_after = 50ms;
        auto tree = start_tree(shell("sleep 1000 & wait"), options);
        BOOST_TEST(soon_are(2));
        {
            const nobody_can_be_signalled fault;
            const auto report = stop(tree, {SIGTERM, 10ms});
            BOOST_TEST(report.asked == 0u);
            BOOST_TEST(report.killed == 0u);
            BOOST_TEST_REQUIRE(report.left.size() == 2u);
            BOOST_TEST(report.left[0].pid == tree.leader().pid());
            BOOST_TEST(report.left[0].name == "sh");
            BOOST_TEST(report.left[1].name == "sleep");
            BOOST_TEST(to_string(report).find(" (sleep); the leader has no known status") != std::string::npos);
        }
        // The handle is as good as before.
        BOOST_TEST(stop(tree, stop_policy::kill()).killed == 2u);
    }
    BOOST_TEST(log.has("(sleep) of a tree could not be killed"));
}

BOOST_AUTO_TEST_CASE(fifty_that_replace_each_other_while_they_are_stopped_end) {
    for (const char* where : {"group", "session"}) {
        auto options = without_cgroup();
        options.give_up_after = 30s;  // it takes what the machine needs for it
        auto [tree, said] = start_saying(helper({"respawners", "50", where}), options);
        BOOST_TEST(said == "ready");
        // A slow machine: time enough for the others to replace who was killed.
        const auto earlier = sys::set_fault_hook([](sys::call c) noexcept {
            if (c == sys::call::pidfd_send_signal) ::usleep(3000);
            return 0;
        });
        const auto report = stop(tree, {SIGTERM, 20ms});
        sys::set_fault_hook(earlier);
        BOOST_TEST(report.found >= 50u);
        BOOST_TEST(report.left.empty());
        BOOST_TEST(members().empty());
        if (tree) stop(tree, stop_policy::kill());
    }
}

BOOST_AUTO_TEST_CASE(a_kernel_that_cannot_signal_groups_by_pidfd_gets_the_number) {
    auto tree = start_tree(shell("sleep 1000 & sleep 1000 & wait"), without_cgroup());
    BOOST_TEST(soon_are(3));
    const fault old_kernel(sys::call::pidfd_send_signal, EINVAL);
    const auto report = stop(tree, {SIGTERM, 20s});
    BOOST_TEST(report.asked == 3u);
    BOOST_TEST(report.leader == exit_status::signalled(SIGTERM));
}

BOOST_AUTO_TEST_CASE(the_number_of_a_group_serves_after_the_leader_has_ended_because_it_is_held) {
    auto tree = start_tree(shell("sleep 1000 & exit 0"), without_cgroup());
    BOOST_TEST(wait(tree).success());
    BOOST_TEST(zombies().size() == 1u);
    const fault old_kernel(sys::call::pidfd_send_signal, EINVAL);
    BOOST_TEST(stop(tree, {SIGTERM, 20s}).asked == 1u);
}

BOOST_AUTO_TEST_CASE(the_number_of_a_group_whose_leader_others_reaped_is_never_used) {
    auto tree = start_tree(shell("sleep 1000 & exit 0"), without_cgroup());
    const pid_t leader = tree.leader().pid();
    BOOST_TEST(::waitpid(leader, nullptr, 0) == leader);
    // An old kernel: every other signal is the one to the group by pidfd.
    static std::atomic<int> by_number{0}, by_pidfd{0};
    const auto earlier = sys::set_fault_hook([](sys::call c) noexcept {
        if (c == sys::call::kill) ++by_number;
        return c == sys::call::pidfd_send_signal && by_pidfd++ % 2 == 0 ? EINVAL : 0;
    });
    const auto report = stop(tree);
    sys::set_fault_hook(earlier);
    BOOST_TEST(by_pidfd == 4);
    BOOST_TEST(by_number == 0);
    BOOST_TEST(report.asked == 1u);
    BOOST_TEST(report.left.empty());
    BOOST_TEST(members().empty());
}

BOOST_AUTO_TEST_CASE(without_pidfds_for_the_members_the_group_is_stopped_all_the_same) {
    auto tree = start_tree(shell("trap '' TERM; sleep 1000 & wait"), without_cgroup());
    BOOST_TEST(soon_are(2));
    const fault missing(sys::call::pidfd_open, ENOSYS);
    const auto report = stop(tree, {SIGTERM, 20ms});
    BOOST_TEST(report.killed == 2u);
    BOOST_TEST(report.left.empty());
}

BOOST_AUTO_TEST_CASE(a_tree_of_its_own_does_not_hide_a_part_of_the_tree) {
    auto [tree, said] = start_saying(helper({"tree-host"}), without_cgroup());
    BOOST_TEST(said == "ready");
    BOOST_TEST(soon_run({"parley_test_chi", "sh"}));
    const auto seen = list(tree);
    BOOST_TEST_REQUIRE(seen.size() == 2u);
    const pid_t inner = seen[seen[0].name == "sh" ? 0 : 1].pid;
    // It leaves a child behind, to which the mark of the inner tree is all that leads.
    BOOST_TEST(soon([&] {
        ::kill(inner, SIGCONT);
        return read_row(inner).value()->ended;
    }));
    BOOST_TEST(soon_run({"parley_test_chi", "sleep"}));
    BOOST_TEST(list(tree).size() == 2u);
    BOOST_TEST(stop(tree).left.empty());
    BOOST_TEST(members().empty());
}

BOOST_AUTO_TEST_CASE(who_was_missed_by_one_look_is_found_by_the_next) {
    // As if all were born behind the reader: the rows of the first look are gone when they are to be read. A look
    // begins with the opening of the table and ends with one at the leader.
    auto tree = start_tree(shell("sleep 1000 & wait"), without_cgroup());
    BOOST_TEST(soon_are(2));
    static std::atomic<int> looks{0}, opened{0};
    const auto earlier = sys::set_fault_hook([](sys::call c) noexcept {
        if (c == sys::call::waitid) ++looks;
        return c == sys::call::open && looks == 0 && opened++ > 0 ? ENOENT : 0;
    });
    const auto report = stop(tree, stop_policy::kill());
    sys::set_fault_hook(earlier);
    BOOST_TEST(opened > 1);
    BOOST_TEST(report.killed == 2u);
    BOOST_TEST(members().empty());
}

BOOST_AUTO_TEST_CASE(all_hold_still_before_the_first_is_killed) {
    // One signal to the group and one to who is outside: SIGSTOP for both, and SIGKILL only after another look. Who
    // has no time for that kills at once.
    for (const auto time : {5000ms, 0ms}) {
        auto options = without_cgroup();
        options.give_up_after = time;
        auto tree = start_tree(shell("setsid sleep 1000 & wait"), options);
        BOOST_TEST(soon_run({"sh", "sleep"}));
        static std::atomic<bool> looking{false};
        static std::atomic<int> looks{0}, in_the_first{0};
        looking = false, looks = in_the_first = 0;
        const auto earlier = sys::set_fault_hook([](sys::call c) noexcept {
            if (c == sys::call::getdents && !looking.exchange(true)) ++looks;
            if (c == sys::call::pidfd_send_signal) {
                looking = false;
                if (looks == 1) ++in_the_first;
            }
            return 0;
        });
        const auto report = stop(tree, stop_policy::kill());
        sys::set_fault_hook(earlier);
        BOOST_TEST(report.killed == 2u);
        BOOST_TEST(in_the_first == (time == 0ms ? 4 : 2));
        if (time == 0ms) BOOST_TEST(stop(tree, {SIGTERM, 20s}).left.empty());
    }
}

BOOST_AUTO_TEST_CASE(a_tree_that_was_stopped_is_not_looked_for_again) {
    {
        auto tree = start_tree(shell("sleep 1000 & wait"), without_cgroup());
        BOOST_TEST(soon_are(2));
        const auto report = stop(tree);
        const fault unreadable(sys::call::open, EMFILE);
        BOOST_TEST((stop(tree) == report));
        BOOST_TEST((wait_empty(tree) == report));
        BOOST_TEST(list(tree).empty());
        BOOST_TEST(send(tree, SIGTERM) == 0u);
        BOOST_TEST(unreadable.seen() == 0);
        run_ready(io);
    }
    io.restart();
    BOOST_TEST(io.poll() == 0u);
}

BOOST_AUTO_TEST_CASE(who_cannot_be_killed_is_not_tried_for_ever) {
    const captured_log log;
    const auto before = threads();
    pid_t leader = 0;
    {
        const nobody_can_be_signalled fault;
        {
            auto options = without_cgroup();
            options.give_up_after = 30ms;
            auto tree = start_tree(helper({"ready"}), options);
            tree.set_stop_policy(stop_policy::kill());
            leader = tree.leader().pid();
        }
        run_until(io, [&] { return log.has("of a tree could not be killed"); });
        BOOST_TEST(threads() == before);  // nor is it left to the helper thread
    }
    ::kill(leader, SIGKILL);
    BOOST_TEST(run_dry(io));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_an_error_at_the_end) {
    auto options = without_cgroup();
    options.give_up_after = 30ms;
    auto tree = start_tree(shell("sleep 1000 & wait"), options);
    BOOST_TEST(soon_are(2));
    {
        const captured_log log;
        const fault no_descriptors(sys::call::open, EMFILE);
        try {
            stop(tree, {SIGTERM, 10ms});
            BOOST_ERROR("no error");
        } catch (const boost::system::system_error& e) {
            BOOST_TEST(e.code() == boost::system::errc::too_many_files_open);
        }
        BOOST_CHECK_THROW(list(tree), boost::system::system_error);
        BOOST_CHECK_THROW(send(tree, SIGTERM), boost::system::system_error);
    }
    BOOST_TEST(stop(tree).left.empty());
}

BOOST_AUTO_TEST_CASE(a_start_that_fails_half_way_leaves_nothing) {
    {
        const fault unreadable(sys::call::dup, EMFILE);
        const auto tree = spawn_tree(ex, marked(shell("sleep 1000 & wait")), without_cgroup());
        BOOST_TEST(tree.has_error());
    }
    BOOST_TEST(run_dry(io));
    BOOST_TEST(soon_are(0));
    {
        auto options = without_cgroup();
        options.subreaper = true;
        const fault refused(sys::call::prctl, EPERM);
        const auto tree = spawn_tree(ex, marked(shell("sleep 1000")), options);
        BOOST_TEST(tree.has_error());
        BOOST_TEST(tree.error().message() == "become a subreaper: Operation not permitted");
    }
}

BOOST_AUTO_TEST_CASE(without_a_proc_of_this_namespace_the_start_is_refused) {
    const fault not_mounted(sys::call::open, ENOENT);
    const auto tree = spawn_tree(ex, shell("sleep 1000"));
    BOOST_TEST(tree.has_error());
    BOOST_TEST(tree.error().code() == boost::system::errc::not_supported);
}

BOOST_AUTO_TEST_CASE(a_member_that_is_traced_is_killed) {
    auto tree = start_tree(shell("sleep 1000 & wait"), without_cgroup());
    BOOST_TEST(soon_are(2));
    auto tracer_plan = helper({"trace", std::to_string(tree.leader().pid())});
    tracer_plan.in = tracer_plan.out = stdio::pipe();
    auto tracer = start(tracer_plan);
    const auto said = run_task(io, next_line(tracer));
    if (said != "ready") {
        skip_case("this machine does not let us trace: ", said);
        stop(tree);
        return;
    }
    const auto report = stop(tree, stop_policy::kill());
    BOOST_TEST(report.left.empty());
    BOOST_TEST(members().size() == 0u);
    tracer.in().close();
    BOOST_TEST(end_of(tracer).success());
}

BOOST_AUTO_TEST_CASE(a_traced_leader_of_a_tree_that_has_ended_is_waited_for) {
    for (const bool stopped : {false, true}) {
        auto [tree, said] = start_saying(helper({"ready"}), without_cgroup());
        BOOST_TEST(said == "ready");
        auto tracing = helper({"trace", std::to_string(tree.leader().pid())});
        tracing.in = stdio::pipe();
        tracing.out = stdio::pipe();
        auto tracer = start(tracing);
        if (run_task(io, next_line(tracer)) != "ready") return skip_case("this machine does not let us trace");
        std::optional<tree_report> report;
        const auto told = [&](error_code ec, const tree_report& r) {
            BOOST_TEST(!ec);
            report = r;
        };
        if (stopped) {
            tree.async_stop(stop_policy::kill(), told);
        } else {
            tree.async_wait_empty(told);
            BOOST_TEST(tree.leader().send_signal(SIGKILL).has_value());
        }
        // Nobody lives in it, but the tracer holds the dead leader back.
        io.restart();
        io.run_for(1500ms);
        BOOST_TEST(!report.has_value());
        tracer.in().close();
        run_until(io, [&] { return report.has_value(); });
        BOOST_TEST(report->leader == exit_status::signalled(SIGKILL));
        BOOST_TEST(report->left.empty());
        end_of(tracer);
        BOOST_TEST(children().empty());
    }
}

BOOST_AUTO_TEST_CASE(a_stop_gives_a_traced_leader_up_in_its_time_and_a_later_one_has_the_status) {
    auto options = without_cgroup();
    options.give_up_after = 100ms;
    auto [tree, said] = start_saying(helper({"ready"}), options);
    auto tracing = helper({"trace", std::to_string(tree.leader().pid())});
    tracing.in = stdio::pipe();
    tracing.out = stdio::pipe();
    auto tracer = start(tracing);
    if (run_task(io, next_line(tracer)) != "ready") return skip_case("this machine does not let us trace");
    const auto first = stop(tree, stop_policy::kill());
    BOOST_TEST(first.left.empty());
    BOOST_TEST(!first.leader.known());
    tracer.in().close();
    end_of(tracer);
    BOOST_TEST(stop(tree).leader == exit_status::signalled(SIGKILL));
}

BOOST_AUTO_TEST_CASE(one_reading_of_the_table_serves_all_trees) {
    constexpr std::size_t count = 40;
    for (const bool subreaper : {false, true}) {
        auto options = without_cgroup();
        options.subreaper = subreaper;
        std::vector<process_tree> trees;
        for (std::size_t i = 0; i < count; ++i)
            trees.push_back(start_tree({.program = "/bin/sleep", .arguments = {"1000"}}, options));
        static std::atomic<std::size_t> listings{0}, rows{0};
        const auto counted = [](auto work) {
            listings = rows = 0;
            const auto earlier = sys::set_fault_hook([](sys::call c) noexcept {
                listings += c == sys::call::getdents ? 1U : 0U;
                rows += c == sys::call::open ? 1U : 0U;
                return 0;
            });
            work();
            sys::set_fault_hook(earlier);
            return std::pair(listings.load(), rows.load());
        };
        const auto [one_listing, one_rows] = counted([&] { list(trees.front()); });
        std::size_t told = 0;
        const auto ended = [&](error_code ec, const tree_report& r) {
            BOOST_TEST(!ec);
            BOOST_TEST(r.left.empty());
            ++told;
        };
        const auto [all_listings, all_rows] = counted([&] {
            for (auto& tree : trees) tree.async_stop({SIGTERM, 20s}, ended);
            run_until(io, [&] { return told == count; });
        });
        // Three at least: who is there, and twice that nobody is; more while they end one after the other.
        BOOST_TEST(all_listings < one_listing * count, all_listings << " and " << one_listing);
        BOOST_TEST(all_rows < one_rows * count, all_rows << " and " << one_rows);
        BOOST_TEST(children().empty());
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
