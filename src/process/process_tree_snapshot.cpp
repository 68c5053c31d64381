// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/process_tree_snapshot.hpp"

#include <parley/core/timeout.hpp>
#include <parley/core/timer.hpp>

#include <boost/asio/deferred.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace parley {
namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// That are read before other handlers run: about a millisecond.
constexpr int rows_a_slice = 32;
constexpr clock::duration longest_wait = 1h;  // a timer far in the future would overflow

/// An end of a process to wait for. Gives the descriptor back to the kernel itself, as every Asio object here.
class end_of_process {
public:
    end_of_process(const executor& io, unique_fd pidfd) : pidfd_(io) {
        pidfd_.assign(pidfd.get());
        (void)pidfd.release();
    }
    ~end_of_process() { unique_fd(pidfd_.release()); }
    end_of_process(const end_of_process&) = delete;
    end_of_process& operator=(const end_of_process&) = delete;

    auto async_wait() { return pidfd_.async_wait(asio::posix::stream_descriptor::wait_read, asio::deferred); }

private:
    asio::posix::stream_descriptor pidfd_;
};

task<tree_snapshot> read_cgroup(executor io, std::shared_ptr<tree_membership> tree) {
    tree_snapshot seen;
    std::vector<process_row> proven;
    const auto& leaf = *tree->leaf();
    const auto populated = leaf.populated();
    const auto pids = leaf.processes();
    seen.failed = !populated ? populated.error() : !pids ? pids.error() : error_code{};
    seen.empty = populated && !*populated;
    int rows = 0;
    if (pids && !seen.empty) {
        for (const pid_t pid : *pids) {
            auto row = read_row(pid);
            // Read in this order: the number may have been given to somebody outside meanwhile.
            if (row && *row && leaf.holds(cgroup_of(pid))) proven.push_back(std::move(**row));
            if (!row) seen.failed = row.error();
            if (++rows % rows_a_slice == 0) co_await asio::post(io, asio::use_awaitable);
        }
    }
    seen.members = tree->take_members(std::move(proven));
    co_return seen;
}

task<tree_snapshot> read_table(executor io, std::shared_ptr<tree_membership> tree) {
    const auto census = co_await take_census(std::move(io));
    tree_snapshot seen;
    seen.failed = census->failed;
    seen.members = tree->members_in(*census);
    seen.empty = seen.members.empty() && !seen.failed;
    co_return seen;
}

}  // namespace

task<tree_snapshot> take_snapshot(executor io, std::shared_ptr<tree_membership> tree) {
    if (tree->leaf() != nullptr) return read_cgroup(std::move(io), std::move(tree));
    return read_table(std::move(io), std::move(tree));
}

// Who is born while the table is read may be missed once; the kernel's word on a cgroup is certain.
task<tree_snapshot> take_sure_snapshot(executor io, std::shared_ptr<tree_membership> tree) {
    auto seen = co_await take_snapshot(io, tree);
    if (seen.empty && tree->leaf() == nullptr) seen = co_await take_snapshot(io, tree);
    co_return seen;
}

task<void> pause_for(executor io, clock::duration time) {
    asio::steady_timer timer(io, detail::time_after(time));
    co_await timer.async_wait(asio::use_awaitable);
}

task<void> wait_for_end_of_one(executor io, std::vector<process_row> members, clock::time_point until) {
    const auto time = std::min(until - clock::now(), longest_wait);
    for (const auto& row : members) {
        auto pidfd = open_process(row);
        if (!pidfd && pidfd.error().value() == ESRCH) co_return;
        if (!pidfd) break;
        end_of_process end(io, std::move(*pidfd));
        error_code ec;
        co_await with_timeout(end.async_wait(), time, asio::redirect_error(asio::use_awaitable, ec));
        if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
        co_return;
    }
    co_await pause_for(io, std::min(time, look_again));
}

}  // namespace parley
