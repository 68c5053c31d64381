// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the handle of a tree and its operations share, and how a tree is stopped.
#pragma once

#include <parley/process/process_tree.hpp>
#include <parley/signal/signal_watcher.hpp>

#include "core/operation.hpp"
#include "process/child_state.hpp"
#include "process/process_tree_membership.hpp"
#include "process/process_tree_snapshot.hpp"
#include "process/subreaper.hpp"
#include "process/tree_watcher.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

namespace parley {

/// What a tree consists of besides its leader and independent of any loop, so that the helper thread can take it over.
struct tree_parts {
    std::shared_ptr<tree_membership> membership{};
    std::unique_ptr<orphan_watch> orphans{};
    std::unique_ptr<subreaper_hold> subreaper{};
    std::unique_ptr<tree_watcher> watcher{};
    std::chrono::milliseconds give_up_after{};
    error why_no_cgroup{};
};

class tree_state : public std::enable_shared_from_this<tree_state> {
public:
    using clock = std::chrono::steady_clock;

    /// `leader` may be empty: it was reaped before.
    tree_state(const executor& io, child leader, tree_parts parts);
    /// A tree that was not stopped goes to the helper thread.
    ~tree_state();
    tree_state(const tree_state&) = delete;
    tree_state& operator=(const tree_state&) = delete;

    child& leader() noexcept { return leader_; }
    const tree_parts& parts() const noexcept { return parts_; }
    const executor& io() const noexcept { return io_; }
    stop_policy policy() const noexcept { return leader_state_ ? leader_state_->policy : stop_policy{}; }
    void set_policy(stop_policy policy) noexcept;

    void async_stop(stop_policy policy, completion_handler<void(error_code, tree_report)> handler);
    /// The handle has left scope.
    void abandon();

    static task<exit_status> wait(std::shared_ptr<tree_state> self);
    static task<tree_report> wait_empty(std::shared_ptr<tree_state> self);
    static task<std::size_t> send_signal(std::shared_ptr<tree_state> self, int number);
    static task<std::vector<tree_process>> list(std::shared_ptr<tree_state> self);
    static task<void> forward(std::shared_ptr<tree_state> self, std::shared_ptr<signal_watcher> signals,
                              forward_to whom);

private:
    class operation;

    /// A stop policy under way, for those who wait for it.
    struct stop_run {
        explicit stop_run(const executor& io) : ended(io) {}
        event ended;
        tree_report report{};
        error_code failed{};
    };

    static task<void> run_policy(std::shared_ptr<tree_state> self, stop_policy policy, std::shared_ptr<stop_run> run);

    bool is_hardest(stop_policy policy) const;
    std::shared_ptr<stop_run> begin_stop(stop_policy policy);
    stop_policy rest_of_policy() const;
    task<tree_snapshot> wait_until_empty(clock::time_point until, int signal = 0);
    task<tree_snapshot> kill_until_empty(clock::time_point until);
    task<void> finish(clock::time_point until);
    void ask(const std::vector<process_row>& members, int signal);
    tree_report report(const tree_snapshot& seen);

    const executor io_;
    child leader_;
    const std::shared_ptr<child_state> leader_state_;
    tree_parts parts_;
    std::size_t policies_ = 0;     // under way; where there are none, the next two say nothing
    clock::time_point kill_at_{};  // of the hardest of them
    int signal_ = 0;               // the one that it asks with; 0: it has asked
    bool finished_ = false;        // nobody is left, nothing is held
    bool gave_up_ = false;         // a policy came to its end and left somebody
};

}  // namespace parley
