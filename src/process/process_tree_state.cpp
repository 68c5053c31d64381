// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/process_tree_state.hpp"

#include "core/syscall.hpp"
#include "process/own_children.hpp"
#include "process/process_tree_helper.hpp"

#include <parley/core/log.hpp>
#include <parley/core/timeout.hpp>
#include <parley/core/timer.hpp>

#include <spdlog/logger.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <optional>
#include <utility>

namespace parley {
namespace {

using clock = tree_state::clock;
using namespace std::chrono_literals;

constexpr std::chrono::milliseconds a_long_while = 1h;

auto end_of(const std::shared_ptr<child_state>& leader) {
    return async_start<void(error_code, exit_status)>(
        asio::deferred,
        [leader](completion_handler<void(error_code, exit_status)> h) { leader->async_wait(std::move(h)); });
}

// None when it is over, however long ago.
clock::duration time_until(clock::time_point end) {
    const auto now = clock::now();
    return end > now ? end - now : clock::duration::zero();
}

}  // namespace

/// While one lives the orphans of a subreaper are reaped.
class tree_state::operation {
public:
    explicit operation(std::shared_ptr<tree_state> tree) : tree_(std::move(tree)) {
        if (tree_->parts_.subreaper) orphans_.emplace(tree_->io_);
    }
    ~operation() = default;
    operation(const operation&) = delete;
    operation& operator=(const operation&) = delete;

private:
    std::shared_ptr<tree_state> tree_;
    std::optional<orphan_rounds_hold> orphans_;
};

tree_state::tree_state(const executor& io, child leader, tree_parts parts)
    : io_(io), leader_(std::move(leader)), leader_state_(leader_.state_), parts_(std::move(parts)) {
    if (leader_state_) leader_state_->hold_number();
}

tree_state::~tree_state() {
    if (finished_) return;
    const bool context_ends = leader_state_ && leader_state_->context_ends();
    if (gave_up_ && !context_ends) return;
    const auto rest = rest_of_policy();
    const child_birth handing_over;
    unique_fd pidfd;
    if (const auto leader = std::exchange(leader_.state_, nullptr))
        if (auto released = leader->release()) pidfd = std::move(*released);
    stop_in_helper_thread(std::move(parts_), std::move(pidfd), rest);
}

void tree_state::set_policy(stop_policy policy) noexcept {
    if (leader_state_) leader_state_->policy = policy;
}

// What is still to be done when the context goes away.
stop_policy tree_state::rest_of_policy() const {
    if (policies_ == 0) return policy();
    const int signal = signal_ != 0 ? signal_ : SIGCONT;
    if (kill_at_ == clock::time_point::max()) return {signal, std::chrono::milliseconds::max()};
    return {signal, std::chrono::duration_cast<std::chrono::milliseconds>(time_until(kill_at_))};
}

// With a signal: who came after the question is asked when nobody is left who was asked. Not before: it may be what
// somebody who was asked needs to clean up.
task<tree_snapshot> tree_state::wait_until_empty(clock::time_point until, int signal) {
    for (;;) {
        auto seen = co_await take_sure_snapshot(io_, parts_.membership);
        if (seen.empty || clock::now() >= until) co_return seen;
        const bool somebody_cleans_up = std::ranges::any_of(seen.members, [this](const auto& row) {
            return parts_.membership->was(row, tree_membership::action::asked);
        });
        if (signal != 0 && !somebody_cleans_up) ask(seen.members, signal);
        co_await wait_for_end_of_one(io_, seen.members, until);
    }
}

void tree_state::ask(const std::vector<process_row>& members, int signal) {
    if (leader_state_) leader_state_->note_step(stop_step::asked, signal);
    parts_.membership->signal(members, signal, tree_membership::action::asked);
    parts_.membership->signal(members, SIGCONT, std::nullopt);  // who is stopped could not hear it
}

task<tree_snapshot> tree_state::kill_until_empty(clock::time_point until) {
    for (;;) {
        auto seen = co_await take_sure_snapshot(io_, parts_.membership);
        if (seen.empty) co_return seen;
        if (parts_.membership->freeze(seen.members) && clock::now() < until) continue;  // until all hold still
        if (leader_state_) leader_state_->note_step(stop_step::killed, SIGKILL);
        const bool somebody_new = parts_.membership->kill(seen.members);
        if (clock::now() >= until) co_return seen;
        // While some are still found that were not killed before, there is no time to lose.
        if (!somebody_new)
            co_await wait_for_end_of_one(io_, seen.members, std::min(until, detail::time_after(look_again)));
    }
}

// Nobody is left: let go of everything, as often as operations find it so. A cgroup is empty a moment before its last
// processes can be reaped; the leader may be held back by a tracer, as any child may.
task<void> tree_state::finish(clock::time_point until) {
    if (finished_) co_return;
    if (leader_state_ && !leader_state_->try_wait()) {
        error_code ec;
        co_await with_timeout(end_of(leader_state_), time_until(until), asio::redirect_error(asio::use_awaitable, ec));
        if (ec == asio::error::timed_out) co_return;
        if (ec) throw boost::system::system_error(ec);
    }
    if (finished_) co_return;
    if (leader_state_) leader_state_->release_number();
    const auto end = detail::time_after(1s);
    // Also where this process gets no orphans any more: some may have come while it did.
    for (;;) {
        const auto left = co_await reap_adopted(io_);
        if (!left->contains(parts_.membership.get()) || clock::now() >= end) break;
        co_await pause_for(io_, 2ms);
    }
    while (parts_.watcher && !parts_.watcher->end()) co_await pause_for(io_, 1ms);
    parts_.watcher.reset();
    parts_.orphans.reset();
    parts_.subreaper.reset();
    if (auto* leaf = parts_.membership->leaf()) {
        error_code ec = leaf->remove();
        while (ec.value() == EBUSY && clock::now() < end) {
            co_await pause_for(io_, 2ms);
            ec = leaf->remove();
        }
        if (ec) logger()->warn("parley: cannot remove the cgroup {}: {}", leaf->path(), ec.message());
    }
    finished_ = true;
}

tree_report tree_state::report(const tree_snapshot& seen) {
    const auto& membership = *parts_.membership;
    tree_report told{.found = membership.found(),
                     .asked = membership.counted(tree_membership::action::asked),
                     .killed = membership.counted(tree_membership::action::killed)};
    if (leader_state_)
        if (const auto status = leader_state_->try_wait()) told.leader = *status;
    if (seen.empty) return told;
    for (const auto& row : seen.members) told.left.push_back({row.pid, row.name});
    // The cgroup is populated, but by nobody whom this process can see.
    if (told.left.empty() && !seen.failed) told.left.push_back({0, "of another PID namespace"});
    return told;
}

task<void> tree_state::run_policy(std::shared_ptr<tree_state> self, stop_policy policy, std::shared_ptr<stop_run> run) {
    const operation working(self);
    const auto kill_at = detail::time_after(policy.grace);
    tree_snapshot seen;
    try {
        if (policy.signal != SIGKILL) {
            seen = co_await take_snapshot(self->io_, self->parts_.membership);
            self->ask(seen.members, policy.signal);
            self->signal_ = 0;
            seen = co_await self->wait_until_empty(kill_at, policy.signal);
        }
        if (!seen.empty) {
            seen = co_await self->kill_until_empty(detail::time_after(self->parts_.give_up_after));
            if (const auto* leaf = self->parts_.membership->leaf(); leaf != nullptr && !seen.empty) leaf->thaw();
        }
        run->report = self->report(seen);
        run->failed = seen.failed;
        if (seen.empty) {
            run->failed = {};
            co_await self->finish(detail::time_after(self->parts_.give_up_after));
            run->report = self->report(seen);
        }
    } catch (...) {
        run->failed = code_of(std::current_exception());
    }
    --self->policies_;
    self->gave_up_ = !self->finished_;
    run->ended.set();
    if (!self->gave_up_) co_return;
    for (const auto& left : run->report.left)
        logger()->warn("parley: process {} ({}) of a tree could not be killed", left.pid, left.name);
}

// Than all that are under way. The first one is, whatever its grace: the longest has the time that stands for none.
bool tree_state::is_hardest(stop_policy how) const {
    return policies_ == 0 || detail::time_after(how.grace) < kill_at_;
}

std::shared_ptr<tree_state::stop_run> tree_state::begin_stop(stop_policy how) {
    auto run = std::make_shared<stop_run>(io_);
    gave_up_ = false;
    if (is_hardest(how)) {
        kill_at_ = detail::time_after(how.grace);
        signal_ = how.signal;
    }
    ++policies_;
    asio::co_spawn(io_, run_policy(shared_from_this(), how, run), asio::detached);
    return run;
}

void tree_state::async_stop(stop_policy how, completion_handler<void(error_code, tree_report)> handler) {
    if (finished_) {
        tree_snapshot nobody;
        nobody.empty = true;
        post_completion(io_, std::move(handler), error_code{}, report(nobody));
        return;
    }
    auto run = begin_stop(how);
    run->ended.async_wait(std::move(handler), [run](auto h, error_code ec) mutable {
        auto told = ec ? tree_report{} : run->report;
        if (!ec) ec = run->failed;
        run.reset();
        std::move(h)(ec, std::move(told));
    });
}

void tree_state::abandon() {
    if (leader_state_) {
        leader_state_->in.reset();
        leader_state_->out.reset();
        leader_state_->err.reset();
        leader_state_->terminal.reset();
        if (leader_state_->context_ends()) return;
    }
    // A policy under way that is as hard does it already.
    if (!finished_ && is_hardest(policy())) begin_stop(policy());
}

task<exit_status> tree_state::wait(std::shared_ptr<tree_state> self) {
    const operation working(self);
    co_return co_await end_of(self->leader_state_)(asio::use_awaitable);
}

task<tree_report> tree_state::wait_empty(std::shared_ptr<tree_state> self) {
    const operation working(self);
    tree_snapshot seen;
    seen.empty = self->finished_;
    while (!seen.empty) seen = co_await self->wait_until_empty(clock::time_point::max());
    while (!self->finished_) co_await self->finish(detail::time_after(a_long_while));
    co_return self->report(seen);
}

task<std::size_t> tree_state::send_signal(std::shared_ptr<tree_state> self, int number) {
    const operation working(self);
    if (self->finished_) co_return 0;
    const auto seen = co_await take_snapshot(self->io_, self->parts_.membership);
    if (seen.failed) throw boost::system::system_error(seen.failed);
    co_return self->parts_.membership->signal(seen.members, number, std::nullopt);
}

task<std::vector<tree_process>> tree_state::list(std::shared_ptr<tree_state> self) {
    const operation working(self);
    std::vector<tree_process> found;
    if (self->finished_) co_return found;
    const auto seen = co_await take_snapshot(self->io_, self->parts_.membership);
    if (seen.failed) throw boost::system::system_error(seen.failed);
    for (const auto& row : seen.members) found.push_back({row.pid, row.name});
    co_return found;
}

task<void> tree_state::forward(std::shared_ptr<tree_state> self, std::shared_ptr<signal_watcher> signals,
                               forward_to whom) {
    const operation working(self);
    for (;;) {
        if (self->leader_state_->try_wait()) co_return;
        auto either = asio::experimental::make_parallel_group(signals->async_wait(), end_of(self->leader_state_));
        const auto [order, no_signal, arrived, no_end, status] =
            co_await either.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
        if (no_signal && no_end) throw boost::system::system_error(no_signal);
        if (no_signal) continue;
        if (whom == forward_to::tree)
            co_await send_signal(self, arrived.number);
        else
            self->leader_state_->send_signal(arrived.number, signal_sender::send_signal);
    }
}

}  // namespace parley
