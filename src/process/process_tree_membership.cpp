// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/process_tree_membership.hpp"

#include "core/syscall.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <unordered_set>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

namespace parley {
namespace {

constexpr std::uint64_t lowest_mark = tree_mark::none + 1;
constexpr std::uint64_t above_marks = std::uint64_t{1} << 63;
constexpr std::size_t most_marks = 256;  // of trees within the tree

constexpr std::size_t index_of(tree_membership::action what) { return static_cast<std::size_t>(what); }

std::uint64_t random_number() {
    std::uint64_t value = 0;
    const auto bytes = sys::read_file("/dev/urandom", sizeof value);
    if (bytes && bytes->size() == sizeof value) {
        std::memcpy(&value, bytes->data(), sizeof value);
        return value;
    }
    static std::atomic<std::uint64_t> counter{0};
    const auto now = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    return now ^ static_cast<std::uint64_t>(::getpid()) << 40 ^ ++counter << 20;
}

}  // namespace

std::uint64_t tree_mark::make() {
    const auto limit = sys::resource_limit(RLIMIT_RTTIME);
    if (!limit || limit->rlim_max < above_marks) return 0;
    if (limit->rlim_cur < above_marks && !is_one(limit->rlim_cur)) return 0;
    return lowest_mark + random_number() % (above_marks - lowest_mark);
}

bool tree_mark::is_one(std::uint64_t limit) noexcept { return limit >= lowest_mark && limit < above_marks; }

tree_membership::tree_membership(const identity& who, unique_fd leader, std::optional<cgroup_leaf> leaf)
    : who_(who), leader_(std::move(leader)), leaf_(std::move(leaf)) {
    if (who.mark != 0) marks_.insert(who.mark);
}

bool tree_membership::number_is_ours() const { return leader_ && sys::look_at_end(leader_.get()).has_value(); }

bool tree_membership::is_known(const process_row& row) const {
    const auto found = known_.find(row.pid);
    return found != known_.end() && found->second.start == row.start;
}

bool tree_membership::is_in_group(const process_row& row) const {
    return row.group == who_.leader || (who_.leads_session && row.session == who_.leader);
}

// Of those that a scan did not find. The dead stay until they are reaped: that they were known is what proves, then,
// whose they were.
void tree_membership::forget_the_gone() {
    std::erase_if(known_, [](const auto& entry) {
        const auto& [pid, what] = entry;
        if (what.seen) return false;
        const auto row = read_row(pid);
        return row && (!*row || (*row)->start != what.start);
    });
}

bool tree_membership::may_be_member(const process_row& row) const {
    return !row.ended && row.pid != ::getpid() && row.pid != 1 && row.start >= who_.start;
}

std::vector<process_row> tree_membership::members_in(const process_census& census) {
    using entry = process_census::entry;
    const bool number_is_ours_now = number_is_ours();
    std::vector<process_row> living;
    {
        const std::lock_guard lock(mutex_);
        std::vector<const entry*> members;
        std::unordered_set<pid_t> seen;
        const auto add = [&](const entry& e) {
            if (may_be_member(e.row) && seen.insert(e.row.pid).second) members.push_back(&e);
        };
        if (const auto* leader = census.find(who_.leader); leader && leader->row.start == who_.start) add(*leader);
        if (number_is_ours_now) {
            census.each_of_group(who_.leader, add);
            if (who_.leads_session) census.each_of_session(who_.leader, add);
        }
        for (const auto& [pid, what] : known_)
            if (const auto* now = census.find(pid); now && now->row.start == what.start) add(*now);
        for (const auto mark : std::vector(marks_.begin(), marks_.end())) census.each_with_mark(mark, add);
        // Until nobody is new: a member may be the parent of others, or have a tree of its own.
        for (std::size_t i = 0; i < members.size(); ++i) {
            const auto& member = *members[i];
            census.each_child(member.row.pid, [&](const entry& child) {
                if (child.row.start >= member.row.start) add(child);
            });
            if (tree_mark::is_one(member.mark) && member.mark != who_.own_mark && marks_.size() < most_marks &&
                marks_.insert(member.mark).second)
                census.each_with_mark(member.mark, add);
        }
        for (const auto* member : members) living.push_back(member->row);
    }
    std::ranges::sort(living, {}, &process_row::pid);
    return take(std::move(living));
}

std::vector<process_row> tree_membership::take_members(std::vector<process_row> proven) {
    std::erase_if(proven, [](const auto& row) { return row.ended || row.pid == ::getpid() || row.pid == 1; });
    return take(std::move(proven));
}

std::vector<process_row> tree_membership::take(std::vector<process_row> living) {
    const std::lock_guard lock(mutex_);
    for (auto& [pid, what] : known_) what.seen = false;
    for (const auto& row : living) {
        if (!is_known(row)) {
            known_[row.pid] = {.start = row.start};
            ++found_;
        }
        known_[row.pid].seen = true;
    }
    forget_the_gone();
    return living;
}

bool tree_membership::has_adopted(const process_row& child, std::uint64_t mark, std::string_view cgroup) const {
    if (child.parent != ::getpid() || child.pid == who_.leader || child.start < who_.start) return false;
    {
        const std::lock_guard lock(mutex_);
        if (marks_.contains(mark) || is_known(child)) return true;
    }
    return (is_in_group(child) && number_is_ours()) || (leaf_ && leaf_->holds(cgroup));
}

bool tree_membership::has_adopted(const process_row& child, std::uint64_t mark) const {
    return has_adopted(child, mark, leaf_ ? cgroup_of(child.pid) : std::string());
}

error_code tree_membership::signal_group(int number) {
    if (!leader_ || who_.leader <= 1) return sys::make_code(ESRCH);
    const auto ec = sys::pidfd_send_signal_to_group(leader_.get(), number);
    // An old kernel or a filter: by number then, which is the group's as long as nobody has reaped its leader.
    if (ec.value() != EINVAL && ec.value() != ENOSYS && ec.value() != EPERM) return ec;
    if (!number_is_ours()) return sys::make_code(ESRCH);
    return sys::kill_group(who_.leader, number);
}

// Of a member that was in the group when the group was signalled: it may have left in between, and twice is better than
// never. Who has ended meanwhile has got it; in his last moments the table shows no group.
bool tree_membership::got_as_group(const process_row& row) const {
    if (row.group != who_.leader) return false;
    const auto now = read_row(row.pid);
    return !now || !*now || (*now)->ended || (*now)->start != row.start || (*now)->group == who_.leader;
}

std::size_t tree_membership::signal(const std::vector<process_row>& members, int number, std::optional<action> as) {
    const bool group_has_it = !signal_group(number);
    std::size_t sent = 0;
    for (const auto& row : members) {
        if (!group_has_it || !got_as_group(row)) {
            const auto pidfd = open_process(row);
            if (!pidfd || sys::pidfd_send_signal(pidfd->get(), number)) continue;
        }
        ++sent;
        if (as) count(row, *as);
    }
    return sent;
}

bool tree_membership::freeze(const std::vector<process_row>& members) {
    if (leaf_) return false;
    const auto in_group = [this](const auto& row) { return row.group == who_.leader; };
    if (std::ranges::all_of(members, in_group)) return false;  // one signal reaches them all at the same time
    const auto before = counted(action::frozen);
    signal(members, SIGSTOP, action::frozen);
    return counted(action::frozen) != before;
}

bool tree_membership::kill(const std::vector<process_row>& members) {
    const auto before = counted(action::killed);
    if (leaf_ && !leaf_->kill()) {
        for (const auto& row : members) count(row, action::killed);
    } else {
        signal(members, SIGKILL, action::killed);
    }
    return counted(action::killed) != before;
}

void tree_membership::count(const process_row& member, action what) {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(member.pid);
    if (found == known_.end() || found->second.start != member.start) return;
    if (!std::exchange(found->second.done[index_of(what)], true)) ++counts_[index_of(what)];
}

bool tree_membership::was(const process_row& member, action what) const {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(member.pid);
    if (found == known_.end() || found->second.start != member.start) return false;
    return found->second.done[index_of(what)];
}

std::size_t tree_membership::found() const {
    const std::lock_guard lock(mutex_);
    return found_;
}

std::size_t tree_membership::counted(action what) const {
    const std::lock_guard lock(mutex_);
    return counts_[index_of(what)];
}

}  // namespace parley
