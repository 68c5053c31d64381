// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a child handle, its waiters and its stop policy share.
#pragma once

#include <parley/core/unique_fd.hpp>
#include <parley/pipe/pipe.hpp>
#include <parley/process/child.hpp>
#include <parley/process/command.hpp>
#include <parley/process/exit_report.hpp>
#include <parley/process/pty.hpp>

#include "core/operation.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <csignal>

namespace parley {

/// Tells whether an execution context is about to end, when nothing may be started on it any more.
class context_life;

/// What is known of a child before it runs.
struct child_origin {
    std::string program;
    std::string cgroup;  // empty: none of its own
    std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
    std::optional<std::uint64_t> oom_kills{};  // of the cgroup, until then
};

child_origin origin_of(const command& what);

/// From what waitid(2) tells of an end.
exit_status status_of(const siginfo_t& info);

class child_state : public std::enable_shared_from_this<child_state> {
public:
    child_state(const executor& io, pid_t pid, unique_fd pidfd, stop_policy policy, child_origin origin);
    /// The last holder is gone: a child that still runs goes to the orphan reaper.
    ~child_state();
    child_state(const child_state&) = delete;
    child_state& operator=(const child_state&) = delete;

    const executor& io() const noexcept { return io_; }
    pid_t pid() const noexcept { return pid_; }
    int pidfd();

    void async_wait(completion_handler<void(error_code, exit_status)> handler);
    std::optional<exit_status> try_wait();
    error_code send_signal(int number, signal_sender sender);
    /// For the report: a stop policy is about to send `number` by other means.
    void note_step(stop_step step, int number);
    /// The next stop or continuation, if one was not yet told.
    std::optional<child_event> try_change();
    /// What is known; complete once the child has ended.
    exit_report report();

    /// Runs `policy` on the executor, beside whatever else goes on.
    void begin_stop(stop_policy policy);
    /// The handle has left scope.
    void abandon(stop_policy policy);
    /// The handle lets go; the orphan reaper waits from now on.
    void detach();
    /// Gives the child away; the waits there are end with `operation_aborted`. None where it was reaped.
    std::optional<unique_fd> release();

    /// From now on the end of the child is seen, but the child is not reaped before `release_number` or the end of
    /// this object: until then its number, and that of a group that it leads, belongs to nobody else.
    void hold_number();
    void release_number();
    /// The context is being destroyed: nothing may be started on it any more.
    bool context_ends() const noexcept;

    stop_policy policy;
    std::optional<pipe_writer> in;
    std::optional<asio::readable_pipe> out;
    std::optional<asio::readable_pipe> err;
    std::optional<pty> terminal;

private:
    void watch();
    void await_readable();
    void on_readable(const error_code& ec);
    bool stop_watching();
    std::optional<exit_status> waiter_leaves();
    void settle(exit_status status, std::optional<resource_usage> usage = {});
    bool try_reap();
    void close_pidfd();
    bool take_step(stop_step step, int number);

    static task<void> run_policy(std::shared_ptr<child_state> self, stop_policy policy);

    const executor io_;
    const pid_t pid_;
    const child_origin origin_;
    context_life& life_;

    std::mutex mutex_;  // guards everything below
    asio::posix::stream_descriptor pidfd_;
    event ended_;
    asio::steady_timer retry_;
    std::chrono::milliseconds backoff_{1};
    std::optional<exit_status> status_;
    std::optional<resource_usage> usage_;
    std::optional<bool> oom_killed_;
    std::chrono::steady_clock::time_point ended_at_{};
    std::array<signal_sender, 65> senders_{};  // by signal
    stop_step step_ = stop_step::none;
    int reap_failures_ = 0;
    std::size_t waiters_ = 0;
    bool watching_ = false;  // a wait for the pidfd or the timer is under way
    bool detached_ = false;
    bool held_ = false;  // not to be reaped yet
};

}  // namespace parley
