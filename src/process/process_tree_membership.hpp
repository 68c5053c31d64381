// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Who belongs to a tree, by what proof, and what was done to each.
#pragma once

#include <parley/core/unique_fd.hpp>

#include "process/cgroup_leaf.hpp"
#include "process/process_census.hpp"
#include "process/process_table.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace parley {

/// The mark of a tree: a soft limit RLIMIT_RTTIME of more than 146,000 years, which is none, and which every descendant
/// inherits through fork, exec, setsid and changes of identity. It is read from the dead as well, until they are
/// reaped. That is what tells an orphan of the tree from a child that another part of the program has forked.
class tree_mark {
public:
    /// A new one; 0 where this process has a limit of its own there, which is not ours to lift.
    static std::uint64_t make();
    /// No mark, and below all: a process that carries one may take this limit instead.
    static constexpr std::uint64_t none = (std::uint64_t{1} << 62) - 1;
    /// Whether a limit is the mark of any tree.
    static bool is_one(std::uint64_t limit) noexcept;
};

/// The members of one tree. A process is one if it
/// - is the leader,
/// - is in the tree's cgroup,
/// - carries the mark of the tree, or that of a tree that a member has made,
/// - is in the process group of the leader (or in its session, where it leads one), while nobody has reaped the leader
///   and the number cannot be another's,
/// - was found to be one before, or is a child of one.
///
/// Nobody older than the leader is one unless the cgroup says so, nor is this process. Threads: any.
class tree_membership {
public:
    struct identity {
        pid_t leader = 0;
        std::uint64_t start = 0;
        bool leads_session = false;
        std::uint64_t mark = 0;
        std::uint64_t own_mark = 0;  // that of a tree that this process is in
    };

    /// What happened to a member.
    enum class action : std::uint8_t { asked, frozen, killed };

    tree_membership(const identity& who, unique_fd leader, std::optional<cgroup_leaf> leaf);

    const identity& who() const noexcept { return who_; }
    cgroup_leaf* leaf() noexcept { return leaf_ ? &*leaf_ : nullptr; }
    const cgroup_leaf* leaf() const noexcept { return leaf_ ? &*leaf_ : nullptr; }

    /// The living members that a reading of the whole table has found.
    std::vector<process_row> members_in(const process_census& census);
    /// Takes these, which are in the cgroup, for members; gives those that live.
    std::vector<process_row> take_members(std::vector<process_row> proven);

    /// Whether a child of this process, dead or alive, is a member that was adopted: not the leader, and not started by
    /// any part of this program. `mark` is its limit, `cgroup` the name of its cgroup.
    bool has_adopted(const process_row& child, std::uint64_t mark, std::string_view cgroup) const;
    bool has_adopted(const process_row& child, std::uint64_t mark) const;

    /// By what an adopted child may be known: `function(mark)` and `function(pid, start)` for each.
    template <typename Mark, typename Known>
    void each_sign(Mark of_mark, Known of_process) const {
        const std::lock_guard lock(mutex_);
        for (const auto mark : marks_) of_mark(mark);
        for (const auto& [pid, what] : known_) of_process(pid);
    }

    /// To the group of the leader, at once. ESRCH when there is none any more or its number may be another's.
    error_code signal_group(int number);

    /// Sends a signal to these members: to the group at once, to those outside it one by one. Tells how many got it and
    /// counts them as `as`, each once.
    std::size_t signal(const std::vector<process_row>& members, int number, std::optional<action> as);
    /// Before a kill: stops (SIGSTOP) who is to be killed one by one, so that nobody forks meanwhile. True when
    /// somebody was stopped who had not been before: then there may be more whom nobody has seen yet.
    bool freeze(const std::vector<process_row>& members);
    /// Sends SIGKILL, by the cgroup where there is one. True when somebody got it who had not before.
    bool kill(const std::vector<process_row>& members);
    bool was(const process_row& member, action what) const;
    /// How many members were seen, and to how many it was done, since the start.
    std::size_t found() const;
    std::size_t counted(action what) const;

private:
    struct record {
        std::uint64_t start = 0;
        std::array<bool, 3> done{};  // by action
        bool seen = false;           // in the last scan
    };

    bool may_be_member(const process_row& row) const;
    std::vector<process_row> take(std::vector<process_row> living);
    bool number_is_ours() const;
    bool got_as_group(const process_row& row) const;
    void count(const process_row& member, action what);
    bool is_in_group(const process_row& row) const;  // or in the session; while the number is ours
    bool is_known(const process_row& row) const;
    void forget_the_gone();

    const identity who_;
    const unique_fd leader_;
    std::optional<cgroup_leaf> leaf_;

    mutable std::mutex mutex_;  // guards everything below
    std::map<pid_t, record> known_;
    std::set<std::uint64_t> marks_;
    std::size_t found_ = 0;
    std::array<std::size_t, 3> counts_{};  // by action
};

}  // namespace parley
