// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Who is taken for a member of a tree, by rows of a table that the tests write themselves.

#include "process/process_tree_membership.hpp"

#include "process_tools.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(process_tree_membership_test)

using namespace parley;
using namespace parley::test;

namespace {

using action = tree_membership::action;

// Numbers that no process has.
constexpr pid_t leader = 1 << 30, elsewhere = leader + 1000;
constexpr std::uint64_t leaders_start = 100;
constexpr std::uint64_t mark = (std::uint64_t{1} << 62) + 7;

process_row row_of(pid_t pid, pid_t parent, std::uint64_t start = leaders_start, pid_t group = elsewhere) {
    return {
        .pid = pid, .parent = parent, .group = group, .session = group, .start = start, .ended = false, .name = "x"};
}

tree_membership::identity led_by(pid_t pid, std::uint64_t start = leaders_start) {
    return {.leader = pid, .start = start};
}

std::vector<pid_t> found(tree_membership& tree, const std::vector<process_row>& table, bool proven = false) {
    process_census census;
    for (const auto& row : table) census.add(row, realtime_limit(row.pid));
    census.index();
    std::vector<pid_t> pids;
    for (const auto& row : proven ? tree.take_members(table) : tree.members_in(census)) pids.push_back(row.pid);
    return pids;
}

// A process that waits for its end, in a group of its own, perhaps with a mark.
class living {
public:
    explicit living(std::uint64_t limit = 0) : pid_(::fork()) {
        if (pid_ == 0) {
            rlimit now{};
            ::getrlimit(RLIMIT_RTTIME, &now);
            if (limit != 0) now.rlim_cur = limit;
            if (::setrlimit(RLIMIT_RTTIME, &now) != 0) ::_exit(1);
            ::setpgid(0, 0);
            ::raise(SIGSTOP);
            for (;;) ::pause();
        }
        ::waitpid(pid_, nullptr, WUNTRACED);
        ::kill(pid_, SIGCONT);
        ::waitpid(pid_, nullptr, WCONTINUED);
    }
    living(const living&) = delete;
    living& operator=(const living&) = delete;
    ~living() { end(); }

    pid_t pid() const noexcept { return pid_; }
    process_row row() const { return read_row(pid_).value().value(); }
    unique_fd pidfd() const { return sys::pidfd_open(pid_).value(); }
    /// Dead, and not reaped.
    void die() const {
        ::kill(pid_, SIGKILL);
        siginfo_t info{};
        ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
    }
    /// Kills it and reaps it. The signal that ended it: an earlier one, if it has got one.
    int end() {
        if (reaped_) return 0;
        reaped_ = true;
        int status = 0;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, &status, 0);
        return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    }

private:
    const pid_t pid_;
    bool reaped_ = false;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(process_tree_membership_suite, no_leftovers)

BOOST_AUTO_TEST_CASE(descendants_are_members_whatever_the_order_of_their_numbers) {
    // Numbers start again from below when the greatest was given.
    tree_membership tree(led_by(leader), {}, std::nullopt);
    const auto all =
        found(tree, {row_of(leader, 1), row_of(leader - 1, leader), row_of(leader - 5, leader - 1),
                     row_of(leader - 3, leader - 5), row_of(leader - 9, leader - 3), row_of(leader - 2, elsewhere)});
    BOOST_TEST(all == (std::vector<pid_t>{leader - 9, leader - 5, leader - 3, leader - 1, leader}),
               boost::test_tools::per_element());
    BOOST_TEST(tree.found() == 5u);
}

BOOST_AUTO_TEST_CASE(the_mark_of_a_tree_within_the_tree_leads_to_members_with_lower_numbers) {
    const living one(mark), other(mark);
    const auto [low, high] = std::minmax({one.pid(), other.pid()});
    tree_membership tree(led_by(high), {}, std::nullopt);
    const auto all = found(tree, {row_of(low, 1), row_of(high, 1)});
    BOOST_TEST(all == (std::vector<pid_t>{low, high}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_mark_of_a_tree_around_the_tree_is_not_its_own) {
    const living inner(mark), outer(mark);
    auto who = led_by(inner.pid());
    who.own_mark = mark;
    tree_membership tree(who, {}, std::nullopt);
    BOOST_TEST(found(tree, {row_of(inner.pid(), 1), row_of(outer.pid(), 1)}).size() == 1u);
    BOOST_TEST(!tree.has_adopted(row_of(outer.pid(), ::getpid()), mark));
}

BOOST_AUTO_TEST_CASE(neither_this_process_nor_the_first_one_is_ever_a_member) {
    tree_membership tree(led_by(leader), {}, std::nullopt);
    BOOST_TEST(found(tree, {row_of(::getpid(), 1), row_of(1, 0)}, true).empty());
}

BOOST_AUTO_TEST_CASE(a_process_with_the_leaders_number_is_not_the_leader) {
    tree_membership tree(led_by(leader), {}, std::nullopt);
    BOOST_TEST(
        found(tree, {row_of(leader, 1, leaders_start + 1), row_of(leader + 1, leader, leaders_start + 2)}).empty());
}

BOOST_AUTO_TEST_CASE(who_is_older_than_the_leader_is_no_member_unless_the_cgroup_says_so) {
    const living head;
    tree_membership tree(led_by(head.pid()), head.pidfd(), std::nullopt);
    const auto older = row_of(leader, 1, leaders_start - 1, head.pid());
    BOOST_TEST(found(tree, {older}).empty());
    BOOST_TEST(found(tree, {row_of(leader, 1, leaders_start, head.pid())}).size() == 1u);
    BOOST_TEST(found(tree, {older}, true).size() == 1u);
}

BOOST_AUTO_TEST_CASE(who_is_older_than_his_parent_is_the_child_of_another_with_that_number) {
    tree_membership tree(led_by(leader), {}, std::nullopt);
    const auto all = found(
        tree, {row_of(leader, 1), row_of(leader + 1, leader, leaders_start + 5),
               row_of(leader + 2, leader + 1, leaders_start + 4), row_of(leader + 3, leader + 1, leaders_start + 5)});
    BOOST_TEST(all == (std::vector<pid_t>{leader, leader + 1, leader + 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(who_was_a_member_stays_one_and_a_later_process_with_the_number_is_none) {
    tree_membership tree(led_by(leader), {}, std::nullopt);
    BOOST_TEST(found(tree, {row_of(leader, 1), row_of(leader + 1, leader)}).size() == 2u);
    BOOST_TEST(found(tree, {row_of(leader + 1, 1)}).size() == 1u);
    BOOST_TEST(found(tree, {row_of(leader + 1, 1, leaders_start + 1)}).empty());
    BOOST_TEST(tree.found() == 2u);
}

BOOST_AUTO_TEST_CASE(who_is_gone_is_forgotten_and_the_dead_only_when_they_were_reaped) {
    living dead;
    const auto row = dead.row();
    auto child = row;
    child.parent = leader;
    const auto older = row_of(leader, 1, row.start);
    tree_membership tree(led_by(leader, row.start), {}, std::nullopt);
    BOOST_TEST(found(tree, {older, child, row_of(leader + 1, leader, row.start)}).size() == 3u);
    dead.die();
    BOOST_TEST(found(tree, {older}).size() == 1u);
    BOOST_TEST(tree.has_adopted(row, 0));
    BOOST_TEST(found(tree, {row_of(leader + 1, 1, row.start)}).empty());
    dead.end();
    BOOST_TEST(found(tree, {older}).size() == 1u);
    BOOST_TEST(!tree.has_adopted(row, 0));
}

BOOST_AUTO_TEST_CASE(who_is_gone_is_forgotten_although_his_number_was_given_again) {
    const living successor;
    auto gone = successor.row();
    const auto older = row_of(leader, 1, --gone.start);
    gone.parent = leader;
    tree_membership tree(led_by(leader, gone.start), {}, std::nullopt);
    BOOST_TEST(found(tree, {older, gone}).size() == 2u);
    BOOST_TEST(found(tree, {older}).size() == 1u);
    gone.parent = ::getpid();
    BOOST_TEST(!tree.has_adopted(gone, 0));
}

BOOST_AUTO_TEST_CASE(the_group_proves_nothing_once_others_have_reaped_the_leader) {
    living head;
    tree_membership tree(led_by(head.pid()), head.pidfd(), std::nullopt);
    const auto in_group = row_of(leader, ::getpid(), leaders_start, head.pid());
    head.die();
    BOOST_TEST(tree.has_adopted(in_group, 0));  // before a scan has found it
    BOOST_TEST(!tree.has_adopted(row_of(leader, ::getpid()), 0));
    head.end();
    BOOST_TEST(!tree.has_adopted(in_group, 0));
    BOOST_TEST(found(tree, {in_group}).empty());
    BOOST_TEST(tree.signal_group(SIGTERM).value() == ESRCH);
}

BOOST_AUTO_TEST_CASE(a_child_is_adopted_when_it_is_a_member_and_cannot_have_been_started_here) {
    auto who = led_by(leader);
    who.mark = mark;
    tree_membership tree(who, {}, std::nullopt);
    BOOST_TEST(tree.has_adopted(row_of(leader + 1, ::getpid()), mark));
    BOOST_TEST(!tree.has_adopted(row_of(leader + 1, ::getpid()), mark + 1));
    BOOST_TEST(!tree.has_adopted(row_of(leader + 1, 1), mark));
    BOOST_TEST(!tree.has_adopted(row_of(leader + 1, ::getpid(), leaders_start - 1), mark));
    BOOST_TEST(!tree.has_adopted(row_of(leader, ::getpid()), mark));
}

BOOST_AUTO_TEST_CASE(what_was_done_to_a_process_was_not_done_to_a_later_one_with_its_number) {
    living member;
    auto row = member.row();
    tree_membership tree(led_by(row.pid, row.start), {}, std::nullopt);
    BOOST_TEST(found(tree, {row}).size() == 1u);
    BOOST_TEST(tree.signal({row}, SIGUSR1, action::asked) == 1u);
    BOOST_TEST(tree.was(row, action::asked));
    BOOST_TEST(!tree.was(row, action::killed));
    ++row.start;
    BOOST_TEST(!tree.was(row, action::asked));
    BOOST_TEST(tree.signal({row}, SIGKILL, action::killed) == 0u);
    BOOST_TEST(tree.counted(action::killed) == 0u);
    BOOST_TEST(member.end() == SIGUSR1);
}

BOOST_AUTO_TEST_CASE(who_was_in_the_group_and_is_gone_is_not_counted_as_his_successor) {
    const living head;
    const auto top = head.row();
    tree_membership tree(led_by(head.pid(), top.start), head.pidfd(), std::nullopt);
    const auto gone = row_of(leader, head.pid(), top.start, head.pid());
    const auto successor = row_of(leader, head.pid(), top.start + 1, head.pid());
    BOOST_TEST(found(tree, {top, gone}).size() == 2u);
    BOOST_TEST(found(tree, {top, successor}).size() == 2u);  // another operation looks meanwhile
    tree.signal({top, gone}, SIGCONT, action::asked);
    BOOST_TEST(tree.counted(action::asked) == 1u);
    BOOST_TEST(!tree.was(successor, action::asked));
}

BOOST_AUTO_TEST_CASE(who_left_the_group_before_it_was_signalled_gets_his_own_signal) {
    living head, member;
    const auto top = head.row();
    auto row = member.row();
    row.group = head.pid();  // when it was seen
    tree_membership tree(led_by(head.pid(), top.start), head.pidfd(), std::nullopt);
    BOOST_TEST(found(tree, {top, row}).size() == 2u);
    BOOST_TEST(tree.signal({top, row}, SIGUSR1, std::nullopt) == 2u);
    BOOST_TEST(head.end() == SIGUSR1);
    BOOST_TEST(member.end() == SIGUSR1);
}

BOOST_AUTO_TEST_CASE(a_later_process_with_the_number_of_one_of_the_group_is_not_signalled) {
    living head, successor;
    const auto top = head.row();
    auto gone = successor.row();
    gone.group = head.pid();
    --gone.start;
    tree_membership tree(led_by(head.pid(), std::min(top.start, gone.start)), head.pidfd(), std::nullopt);
    auto table_top = top;
    table_top.start = std::min(top.start, gone.start);
    BOOST_TEST(found(tree, {table_top, gone}).size() == 2u);
    BOOST_TEST(tree.signal({gone}, SIGUSR1, std::nullopt) == 1u);  // with the group
    BOOST_TEST(head.end() == SIGUSR1);
    BOOST_TEST(successor.end() == SIGKILL);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
