// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/process_tree.hpp>
#include <parley/process/spawn.hpp>
#include <parley/signal/signal_name.hpp>

#include "core/syscall.hpp"
#include "process/cgroup_leaf.hpp"
#include "process/process_table.hpp"
#include "process/process_tree_membership.hpp"
#include "process/process_tree_state.hpp"
#include "process/subreaper.hpp"
#include "process/tree_watcher.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <ostream>
#include <sstream>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

namespace parley {
namespace {

[[noreturn]] void throw_no_tree() {
    throw boost::system::system_error(make_error_code(errc::no_child), "process tree");
}

template <typename... Results>
void post_without_tree(const executor& on, completion_handler<void(error_code, Results...)> handler) {
    post_completion(on, std::move(handler), make_error_code(errc::no_child), Results{}...);
}

bool has_limit(const command& what, int resource) {
    return std::ranges::any_of(what.limits, [resource](const auto& limit) { return limit.resource == resource; });
}

// The hard limit stays what it is.
std::uint64_t mark(command& what, const tree_options& options) {
    if (!options.mark || has_limit(what, RLIMIT_RTTIME)) return 0;
    const auto mark = tree_mark::make();
    const auto limit = sys::resource_limit(RLIMIT_RTTIME);
    if (mark == 0 || !limit) return 0;
    what.limits.push_back({RLIMIT_RTTIME, mark, limit->rlim_max});
    return mark;
}

struct started_leader {
    child leader;
    std::optional<cgroup_leaf> leaf{};
    error why_no_cgroup{};
    std::unique_ptr<tree_watcher> watcher{};
};

// The watcher is there before the leader: it misses nothing.
result<std::unique_ptr<tree_watcher>> watch(const executor& io, const tree_options& options, const std::string& cgroup,
                                            std::uint64_t mark) {
    if (!options.die_with_parent) return std::unique_ptr<tree_watcher>();
    if (cgroup.empty() && mark == 0)
        return error(sys::make_code(ENOTSUP), "process tree: die_with_parent needs a cgroup or the mark");
    return tree_watcher::start(io, cgroup, mark);
}

// Another process may take an empty cgroup for one that was left behind, from where it cannot see its owner.
bool was_removed(const error& failure) {
    const int number = static_cast<int>(static_cast<unsigned>(failure.code().value()) & 0xffffU);
    return failed_step(failure.code()) == spawn_step::cgroup && (number == ENOENT || number == ENODEV);
}

result<started_leader> start_in_cgroup(const executor& io, const command& what, const tree_options& options) {
    constexpr int most_tries = 3;
    for (int tries = 1;; ++tries) {
        auto leaf = cgroup_leaf::make(options.cgroup_parent.empty() ? what.cgroup : options.cgroup_parent);
        if (!leaf) return leaf.error();
        auto watcher = watch(io, options, leaf->path(), 0);
        if (!watcher) return watcher.error();
        command inside = what;
        inside.cgroup = leaf->path();
        auto started = spawn(io, inside);
        if (started)
            return started_leader{
                .leader = std::move(*started), .leaf = std::move(*leaf), .watcher = std::move(*watcher)};
        if (!was_removed(started.error()) || tries == most_tries) return started.error();
    }
}

// With a cgroup if one is wanted and can be had.
result<started_leader> start_leader(const executor& io, const command& what, const tree_options& options,
                                    std::uint64_t mark) {
    error refused;
    if (options.cgroup != cgroup_use::never) {
        auto inside = start_in_cgroup(io, what, options);
        if (inside || options.cgroup == cgroup_use::required) return inside;
        // It cannot be made, or made but not entered: of a type that takes no processes, or not ours to move into.
        const auto& why = inside.error();
        if (why.code().category() == spawn_category() && failed_step(why.code()) != spawn_step::cgroup) return inside;
        refused = why;
    }
    auto watcher = watch(io, options, {}, mark);
    if (!watcher) return watcher.error();
    auto started = spawn(io, what);
    if (!started) return started.error();
    return started_leader{
        .leader = std::move(*started), .why_no_cgroup = std::move(refused), .watcher = std::move(*watcher)};
}

}  // namespace

result<process_tree> spawn_tree(const executor& io, const command& original, const tree_options& options) {
    if (!table_is_ours())
        return error(sys::make_code(ENOTSUP), "process tree: /proc does not show the processes of this PID namespace");
    command what = original;
    if (what.group == process_group::inherit) what.group = process_group::own;
    const bool on_terminal = what.in.what() == stdio::kind::pty || what.out.what() == stdio::kind::pty ||
                             what.err.what() == stdio::kind::pty;
    tree_membership::identity who;
    who.mark = mark(what, options);
    who.leads_session = what.group == process_group::session || on_terminal;
    who.own_mark = realtime_limit(::getpid());
    tree_parts parts;
    if (options.subreaper) {
        auto hold = subreaper_hold::take();
        if (!hold) return hold.error();
        parts.subreaper = std::move(*hold);
    }
    auto started = start_leader(io, what, options, who.mark);
    if (!started) return started.error();
    auto& leader = started->leader;
    const auto row = read_row(leader.pid());  // dead or alive: nobody has reaped it
    auto pidfd = sys::duplicate(leader.pidfd().fd);
    const error_code failed = !row ? row.error() : !pidfd ? pidfd.error() : error_code{};
    who.leader = leader.pid();
    if (row && *row) who.start = (*row)->start;
    parts.give_up_after = options.give_up_after;
    parts.watcher = std::move(started->watcher);
    parts.why_no_cgroup = std::move(started->why_no_cgroup);
    parts.membership =
        std::make_shared<tree_membership>(who, pidfd ? std::move(*pidfd) : unique_fd(), std::move(started->leaf));
    parts.orphans = std::make_unique<orphan_watch>(parts.membership);
    process_tree tree(std::make_shared<tree_state>(io, std::move(leader), std::move(parts)));
    if (!failed) return tree;
    tree.set_stop_policy(stop_policy::kill());
    return error(failed, "process tree of " + to_shell(original));
}

result<process_tree> spawn_tree(const executor& io, const command& what) {
    return spawn_tree(io, what, tree_options());
}

process_tree::process_tree() noexcept = default;
process_tree::process_tree(std::shared_ptr<tree_state> state) noexcept : state_(std::move(state)) {}
process_tree::process_tree(process_tree&&) noexcept = default;

process_tree& process_tree::operator=(process_tree&& other) noexcept {
    if (this != &other) {
        leave();
        state_ = std::move(other.state_);
    }
    return *this;
}

process_tree::~process_tree() { leave(); }

void process_tree::leave() noexcept {
    const auto state = std::move(state_);
    if (!state) return;
    try {
        state->abandon();
    } catch (...) {  // no memory for the policy's coroutine: the state's destructor hands the tree to the helper thread
    }
}

child& process_tree::leader() {
    if (!state_) throw_no_tree();
    return state_->leader();
}

tree_means process_tree::means() const noexcept {
    return state_ && state_->parts().membership->leaf() ? tree_means::cgroup : tree_means::group;
}

std::string process_tree::cgroup() const {
    const auto* leaf = state_ ? state_->parts().membership->leaf() : nullptr;
    return leaf ? leaf->path() : std::string();
}

error process_tree::why_no_cgroup() const { return state_ ? state_->parts().why_no_cgroup : error(); }

void process_tree::start_wait(const state_pointer& state, const executor& on,
                              completion_handler<void(error_code, exit_status)> handler) {
    if (!state) return post_without_tree(on, std::move(handler));
    run_operation(state->io(), std::move(handler), tree_state::wait(state));
}

void process_tree::start_wait_empty(const state_pointer& state, const executor& on, report_handler handler) {
    if (!state) return post_without_tree(on, std::move(handler));
    run_operation(state->io(), std::move(handler), tree_state::wait_empty(state));
}

void process_tree::start_stop(const state_pointer& state, const executor& on, stop_policy policy,
                              report_handler handler) {
    if (!state) return post_without_tree(on, std::move(handler));
    state->async_stop(policy, std::move(handler));
}

void process_tree::start_send_signal(const state_pointer& state, const executor& on, int number,
                                     completion_handler<void(error_code, std::size_t)> handler) {
    if (!state) return post_without_tree(on, std::move(handler));
    if (const auto name = signal_name(number); !name) {
        post_completion(state->io(), std::move(handler), name.error().code(), std::size_t{0});
        return;
    }
    run_operation(state->io(), std::move(handler), tree_state::send_signal(state, number));
}

void process_tree::start_list(const state_pointer& state, const executor& on,
                              completion_handler<void(error_code, std::vector<tree_process>)> handler) {
    if (!state) return post_without_tree(on, std::move(handler));
    run_operation(state->io(), std::move(handler), tree_state::list(state));
}

void process_tree::start_forward(const state_pointer& state, const executor& on,
                                 const std::shared_ptr<signal_watcher>& signals, forward_to whom,
                                 completion_handler<void(error_code)> handler) {
    if (!state) return post_without_tree(on, std::move(handler));
    run_operation(state->io(), std::move(handler), tree_state::forward(state, signals, whom));
}

stop_policy process_tree::default_policy() const noexcept { return state_ ? state_->policy() : stop_policy{}; }

void process_tree::set_stop_policy(stop_policy policy) {
    if (state_) state_->set_policy(policy);
}

executor process_tree::get_executor() const {
    if (!state_) throw_no_tree();
    return state_->io();
}

std::string_view to_string(tree_means means) noexcept { return means == tree_means::cgroup ? "cgroup" : "group"; }

std::ostream& operator<<(std::ostream& out, tree_means means) { return out << to_string(means); }

std::ostream& operator<<(std::ostream& out, const tree_process& process) {
    return out << process.pid << " (" << process.name << ")";
}

std::ostream& operator<<(std::ostream& out, const tree_report& report) {
    out << report.found << " found, " << report.asked << " asked, " << report.killed << " killed, ";
    if (report.left.empty()) out << "none left";
    for (std::size_t i = 0; i < report.left.size(); ++i) out << (i == 0 ? "left: " : ", ") << report.left[i];
    out << "; the leader ";
    if (report.leader.known())
        out << (report.leader.exit_code() ? "" : "was ") << report.leader;
    else
        out << "has no known status";
    return out;
}

std::string to_string(const tree_report& report) {
    std::ostringstream text;
    text << report;
    return std::move(text).str();
}

}  // namespace parley
