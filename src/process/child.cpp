// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/child.hpp>
#include <parley/signal/signal_name.hpp>

#include <parley/core/timeout.hpp>

#include "core/syscall.hpp"
#include "process/child_state.hpp"
#include "process/text.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <ostream>
#include <string>
#include <utility>

namespace parley {
namespace {

template <typename Pipe>
Pipe& piped(std::optional<Pipe>& pipe, const char* which) {
    if (!pipe) throw boost::system::system_error(make_error_code(errc::not_piped), which);
    return *pipe;
}

[[noreturn]] void throw_no_child() { throw boost::system::system_error(make_error_code(errc::no_child), "child"); }

template <typename T>
void post_without_child(const executor& on, completion_handler<void(error_code, T)> handler) {
    post_completion(on, std::move(handler), make_error_code(errc::no_child), T{});
}

// How often a child is looked at for a stop that nothing but SIGCHLD would tell of.
constexpr std::chrono::milliseconds look_interval{10};

task<child_event> next_change(std::shared_ptr<child_state> state) {
    const auto end = async_start<void(error_code, exit_status)>(
        asio::deferred,
        [state](completion_handler<void(error_code, exit_status)> h) { state->async_wait(std::move(h)); });
    for (;;) {
        if (const auto changed = state->try_change()) co_return *changed;
        error_code ec;
        const auto status = co_await with_timeout(end, look_interval, asio::redirect_error(asio::use_awaitable, ec));
        if (!ec) co_return child_event{child_change::ended, status.signal_number().value_or(0), status};
        if (ec != asio::error::timed_out) throw boost::system::system_error(ec);
    }
}

}  // namespace

std::string_view to_string(child_change change) noexcept {
    switch (change) {
        case child_change::stopped:
            return "stopped";
        case child_change::continued:
            return "continued";
        case child_change::ended:
            return "ended";
    }
    return "?";
}

std::ostream& operator<<(std::ostream& out, child_change change) { return out << to_string(change); }

std::string to_string(const child_event& event) {
    if (event.what == child_change::ended) return to_string(event.status);
    return std::string(to_string(event.what)) + " by " + detail::name_of_signal(event.signal);
}

std::ostream& operator<<(std::ostream& out, const child_event& event) { return out << to_string(event); }

child::child() noexcept = default;
child::child(std::shared_ptr<child_state> state) noexcept : state_(std::move(state)) {}
child::child(child&&) noexcept = default;

child& child::operator=(child&& other) noexcept {
    if (this != &other) {
        leave();
        state_ = std::move(other.state_);
    }
    return *this;
}

child::~child() { leave(); }

void child::leave() noexcept {
    const auto state = std::move(state_);
    if (!state) return;
    try {
        state->abandon(state->policy);
    } catch (
        ...) {  // no memory for the policy's coroutine: the state's destructor hands the child to the helper thread
    }
}

pid_t child::pid() const noexcept { return state_ ? state_->pid() : 0; }
pidfd_ref child::pidfd() const noexcept { return {state_ ? state_->pidfd() : -1}; }

pipe_writer& child::in() {
    if (!state_) throw_no_child();
    return piped(state_->in, "standard input of the child");
}

asio::readable_pipe& child::out() {
    if (!state_) throw_no_child();
    return piped(state_->out, "standard output of the child");
}

asio::readable_pipe& child::err() {
    if (!state_) throw_no_child();
    return piped(state_->err, "standard error of the child");
}

pty& child::terminal() {
    if (!state_) throw_no_child();
    return piped(state_->terminal, "terminal of the child");
}

void child::start_wait(const std::shared_ptr<child_state>& state, const executor& on,
                       completion_handler<void(error_code, exit_status)> handler) {
    if (state)
        state->async_wait(std::move(handler));
    else
        post_without_child(on, std::move(handler));
}

void child::start_report(const std::shared_ptr<child_state>& state, const executor& on,
                         completion_handler<void(error_code, exit_report)> handler) {
    if (!state) return post_without_child(on, std::move(handler));
    async_start<void(error_code, exit_status)>(
        detail::map_handler(std::move(handler),
                            [state](auto h, error_code ec, exit_status) { std::move(h)(ec, state->report()); }),
        [state](completion_handler<void(error_code, exit_status)> h) { state->async_wait(std::move(h)); });
}

void child::start_wait_change(const std::shared_ptr<child_state>& state, const executor& on,
                              completion_handler<void(error_code, child_event)> handler) {
    if (!state) return post_without_child(on, std::move(handler));
    run_operation(state->io(), std::move(handler), next_change(state));
}

void child::start_stop(const std::shared_ptr<child_state>& state, const executor& on, stop_policy policy,
                       completion_handler<void(error_code, exit_status)> handler) {
    if (!state) {
        post_without_child(on, std::move(handler));
        return;
    }
    if (!state->try_wait()) state->begin_stop(policy);
    state->async_wait(std::move(handler));
}

std::optional<exit_status> child::try_wait() { return state_ ? state_->try_wait() : std::nullopt; }

result<void> child::send_signal(int number) {
    const auto name = number == 0 ? result<std::string>("signal 0") : signal_name(number);
    if (!name) return name.error();
    if (!state_) return error(errc::no_child, "send " + *name);
    if (const auto ec = state_->send_signal(number, signal_sender::send_signal))
        return error(ec, "send " + *name + " to child " + std::to_string(state_->pid()));
    return {};
}

result<void> child::suspend() { return send_signal(SIGSTOP); }
result<void> child::resume() { return send_signal(SIGCONT); }

result<released_child> child::release() {
    const auto state = std::exchange(state_, nullptr);
    if (!state) return error(errc::no_child, "release");
    auto pidfd = state->release();
    if (!pidfd) return error(sys::make_code(ESRCH), "release child " + std::to_string(state->pid()));
    return released_child{state->pid(), std::move(*pidfd)};
}

void child::detach() {
    if (const auto state = std::exchange(state_, nullptr)) state->detach();
}

stop_policy child::default_policy() const noexcept { return state_ ? state_->policy : stop_policy{}; }

void child::set_stop_policy(stop_policy policy) {
    if (state_) state_->policy = policy;
}

executor child::get_executor() const {
    if (!state_) throw_no_child();
    return state_->io();
}

result<child> adopt_child(const executor& io, pid_t pid, stop_policy stop) {
    const auto context = "adopt child " + std::to_string(pid);
    if (pid <= 0) return error(errc::invalid_process, context);
    auto pidfd = sys::pidfd_open(pid);
    if (!pidfd) return error(pidfd.error(), context);
    return adopt_child(io, std::move(*pidfd), stop);
}

result<child> adopt_child(const executor& io, unique_fd pidfd, stop_policy stop) {
    const auto pid = sys::pid_of(pidfd.get());
    const auto context = pid ? "adopt child " + std::to_string(*pid) : std::string("adopt child");
    if (!pid) return error(pid.error(), context);
    if (const auto ec = sys::is_child(pidfd.get())) {
        if (ec == boost::system::errc::no_child_process) return error(errc::not_a_child, context);
        return error(ec, context);
    }
    child_origin origin;
    origin.program = "process";
    try {
        return child(std::make_shared<child_state>(io, *pid, std::move(pidfd), stop, std::move(origin)));
    } catch (const boost::system::system_error& e) {
        return error(e.code(), context);
    }
}

}  // namespace parley
