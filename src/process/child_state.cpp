// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/child_state.hpp"

#include "core/syscall.hpp"
#include "process/orphan_reaper.hpp"
#include "process/own_children.hpp"

#include <parley/core/log.hpp>
#include <parley/core/timeout.hpp>
#include <parley/core/timer.hpp>

#include <spdlog/logger.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace parley {

class context_life : public asio::execution_context::service {
public:
    inline static asio::execution_context::id id;
    explicit context_life(asio::execution_context& context) : service(context) {}
    bool over() const noexcept { return over_; }

private:
    void shutdown() override { over_ = true; }
    bool over_ = false;
};

namespace {

constexpr std::chrono::milliseconds longest_backoff{50};
constexpr int most_reap_failures = 16;

std::chrono::microseconds duration_of(const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

resource_usage usage_of(const rusage& used) {
    return {duration_of(used.ru_utime), duration_of(used.ru_stime), static_cast<std::uint64_t>(used.ru_maxrss) * 1024};
}

// How many processes of the cgroup the out-of-memory killer has ended.
std::optional<std::uint64_t> oom_kills_of(const std::string& cgroup) {
    if (cgroup.empty()) return std::nullopt;
    const auto events = sys::read_file((cgroup + "/memory.events").c_str(), 4096);
    if (!events) return std::nullopt;
    constexpr std::string_view label = "oom_kill ";
    const auto at = events->find(label);
    if (at == std::string::npos) return std::nullopt;
    return std::strtoull(events->c_str() + at + label.size(), nullptr, 10);
}

}  // namespace

exit_status status_of(const siginfo_t& info) {
    switch (info.si_code) {
        case CLD_EXITED:
            return exit_status::exited(info.si_status);
        case CLD_KILLED:
            return exit_status::signalled(info.si_status);
        case CLD_DUMPED:
            return exit_status::signalled(info.si_status, true);
        default:
            return {};
    }
}

child_origin origin_of(const command& what) {
    child_origin origin{.program = what.program, .cgroup = what.cgroup};
    origin.oom_kills = oom_kills_of(what.cgroup);
    return origin;
}

child_state::child_state(const executor& io, pid_t pid, unique_fd pidfd, stop_policy stop, child_origin origin)
    : policy(stop),
      io_(io),
      pid_(pid),
      origin_(std::move(origin)),
      life_(asio::use_service<context_life>(asio::query(io, asio::execution::context))),
      pidfd_(io),
      ended_(io),
      retry_(io) {
    try {
        add_own_child(pid);
        pidfd_.assign(pidfd.get());
        (void)pidfd.release();
    } catch (...) {
        adopt_orphan(pid, std::move(pidfd), stop_policy::kill());
        throw;
    }
}

child_state::~child_state() {
    if (!pidfd_.is_open()) return;
    unique_fd left{pidfd_.release()};
    if (status_) {  // was held
        (void)sys::reap(left.get());
        forget_own_child(pid_);
    } else {
        adopt_orphan(pid_, std::move(left), detached_ ? std::nullopt : std::optional(policy));
    }
}

int child_state::pidfd() {
    const std::lock_guard lock(mutex_);
    return pidfd_.is_open() ? pidfd_.native_handle() : -1;
}

bool child_state::context_ends() const noexcept { return life_.over(); }

void child_state::async_wait(completion_handler<void(error_code, exit_status)> handler) {
    const std::lock_guard lock(mutex_);
    if (!status_) try_reap();
    if (status_) {
        post_completion(io_, std::move(handler), error_code{}, *status_);
        return;
    }
    ++waiters_;
    watch();
    ended_.async_wait(std::move(handler), [self = shared_from_this()](auto h, error_code ec) mutable {
        exit_status status;
        if (const auto known = self->waiter_leaves()) {
            status = *known;
            ec = {};
        }
        self.reset();
        std::move(h)(ec, status);
    });
}

std::optional<exit_status> child_state::waiter_leaves() {
    const std::lock_guard lock(mutex_);
    if (--waiters_ == 0 && !status_ && pidfd_.is_open()) {  // nobody waits any more: no work for the context
        pidfd_.cancel();
        retry_.cancel();
    }
    return status_;
}

std::optional<exit_status> child_state::try_wait() {
    const std::lock_guard lock(mutex_);
    if (!status_) try_reap();
    return status_;
}

error_code child_state::send_signal(int number, signal_sender sender) {
    const std::lock_guard lock(mutex_);
    if (status_ || !pidfd_.is_open()) return sys::make_code(ESRCH);
    const auto ec = sys::signal_child(pidfd_.native_handle(), pid_, number);
    if (!ec) senders_.at(static_cast<std::size_t>(number)) = sender;
    return ec;
}

std::optional<child_event> child_state::try_change() {
    const std::lock_guard lock(mutex_);
    if (status_ || !pidfd_.is_open()) return std::nullopt;
    const auto changed = sys::child_change(pidfd_.native_handle());
    if (!changed || !*changed) return std::nullopt;
    const auto& info = **changed;
    return child_event{
        info.si_code == CLD_CONTINUED ? child_change::continued : child_change::stopped, info.si_status, {}};
}

exit_report child_state::report() {
    const std::lock_guard lock(mutex_);
    exit_report told{.program = origin_.program, .pid = pid_};
    told.step = step_;
    told.oom_killed = oom_killed_;
    told.usage = usage_;
    const auto end = status_ ? ended_at_ : std::chrono::steady_clock::now();
    told.run_time = std::chrono::duration_cast<std::chrono::microseconds>(end - origin_.started);
    if (status_) told.status = *status_;
    if (const auto number = told.status.signal_number()) told.sender = senders_.at(static_cast<std::size_t>(*number));
    return told;
}

void child_state::watch() {
    if (watching_ || status_) return;
    watching_ = true;
    await_readable();
}

void child_state::await_readable() {
    pidfd_.async_wait(asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this()](const error_code& ec) { self->on_readable(ec); });
}

void child_state::on_readable(const error_code& ec) {
    const std::lock_guard lock(mutex_);
    if (status_ || !pidfd_.is_open()) return;
    if (try_reap() || stop_watching()) return;
    if (ec == asio::error::operation_aborted) {  // the last waiter left and another came
        await_readable();
        return;
    }
    // Readable and yet not to be had: a tracer holds it. Not a blocking wait, not a spin.
    retry_.expires_at(detail::time_after(backoff_));
    backoff_ = std::min(backoff_ * 2, longest_backoff);
    retry_.async_wait([self = shared_from_this()](const error_code&) {
        const std::lock_guard locked(self->mutex_);
        if (!self->status_ && self->pidfd_.is_open() && !self->stop_watching()) self->await_readable();
    });
}

bool child_state::stop_watching() {
    if (waiters_ > 0) return false;
    watching_ = false;
    if (detached_) adopt_orphan(pid_, unique_fd(pidfd_.release()), std::nullopt);
    return true;
}

bool child_state::try_reap() {
    if (!pidfd_.is_open()) return false;
    const auto reaped = held_ ? sys::look_at_end(pidfd_.native_handle()) : sys::reap(pidfd_.native_handle());
    if (reaped) {
        if (!reaped->has_value()) return false;
        settle(status_of((*reaped)->info), usage_of((*reaped)->usage));
        return true;
    }
    // Not a child any more (ECHILD): somebody else has taken the status. Anything else may pass.
    if (reaped.error() != boost::system::errc::no_child_process && ++reap_failures_ < most_reap_failures) return false;
    if (reaped.error() != boost::system::errc::no_child_process)
        logger()->error("parley: cannot wait for child {}: {}", pid_, reaped.error().message());
    held_ = false;  // the number may be another's by now
    const auto kept = sys::status_after_reaping(pidfd_.native_handle());
    settle(kept ? exit_status::from_wait_status(*kept) : exit_status{});
    return true;
}

void child_state::settle(exit_status status, std::optional<resource_usage> usage) {
    status_ = status;
    usage_ = usage;
    ended_at_ = std::chrono::steady_clock::now();
    if (origin_.oom_kills) {
        if (const auto now = oom_kills_of(origin_.cgroup))
            oom_killed_ = *now > *origin_.oom_kills && status.signal_number() == SIGKILL;
    }
    retry_.cancel();
    if (!held_) {
        close_pidfd();
        forget_own_child(pid_);
    }
    ended_.set();
}

void child_state::close_pidfd() {
    if (pidfd_.is_open())
        unique_fd(pidfd_.release());  // not left to Asio: its close may leave the epoll entry to the kernel, and a
                                      // vforked child holds a copy
}

// True when the child has ended already.
bool child_state::take_step(stop_step step, int number) {
    {
        const std::lock_guard lock(mutex_);
        if (status_ || try_reap()) return true;
        step_ = std::max(step_, step);
    }
    send_signal(number, signal_sender::stop_policy);
    return false;
}

void child_state::note_step(stop_step step, int number) {
    const std::lock_guard lock(mutex_);
    if (status_ || try_reap()) return;
    step_ = std::max(step_, step);
    senders_.at(static_cast<std::size_t>(number)) = signal_sender::stop_policy;
}

void child_state::hold_number() {
    const std::lock_guard lock(mutex_);
    held_ = true;
}

void child_state::release_number() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    if (!status_ || !pidfd_.is_open()) return;
    (void)sys::reap(pidfd_.native_handle());
    close_pidfd();
    forget_own_child(pid_);
}

task<void> child_state::run_policy(std::shared_ptr<child_state> self, stop_policy policy) {
    const auto wait = async_start<void(error_code, exit_status)>(
        asio::deferred,
        [self](completion_handler<void(error_code, exit_status)> h) { self->async_wait(std::move(h)); });
    error_code ec;
    if (self->take_step(policy.signal == SIGKILL ? stop_step::killed : stop_step::asked, policy.signal)) co_return;
    if (policy.signal != SIGKILL) {
        self->send_signal(SIGCONT, signal_sender::stop_policy);
        co_await with_timeout(wait, policy.grace, asio::redirect_error(asio::use_awaitable, ec));
        if (!ec || self->take_step(stop_step::killed, SIGKILL)) co_return;
    }
    co_await wait(asio::redirect_error(asio::use_awaitable, ec));
}

void child_state::begin_stop(stop_policy how) {
    asio::co_spawn(io_, run_policy(shared_from_this(), how), asio::detached);
}

void child_state::abandon(stop_policy how) {
    in.reset();
    out.reset();
    err.reset();
    terminal.reset();
    if (try_wait()) return;
    if (!context_ends()) begin_stop(how);
}

void child_state::detach() {
    in.reset();
    out.reset();
    err.reset();
    terminal.reset();
    const std::lock_guard lock(mutex_);
    if (status_ || !pidfd_.is_open()) return;
    detached_ = true;
    if (watching_) return;  // the waiters' operation reaps it; when they go away, the destructor hands it on
    adopt_orphan(pid_, unique_fd(pidfd_.release()), std::nullopt);
}

std::optional<unique_fd> child_state::release() {
    in.reset();
    out.reset();
    err.reset();
    terminal.reset();
    const std::lock_guard lock(mutex_);
    if (!pidfd_.is_open()) return std::nullopt;
    forget_own_child(pid_);
    ended_.cancel();
    retry_.cancel();
    return unique_fd(pidfd_.release());
}

}  // namespace parley
