// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/prefork.hpp>

#include <parley/core/log.hpp>
#include <parley/core/timer.hpp>

#include "core/syscall_net.hpp"
#include "process/child_state.hpp"
#include "process/text.hpp"
#include "process/worker_process.hpp"

#include <spdlog/logger.h>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ostream>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace parley {
namespace {

using clock = std::chrono::steady_clock;

// SIGTERM and SIGINT as something to poll for; the earlier mask comes back.
class stop_signals {
public:
    stop_signals() {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        failed_ = sys::thread_sigmask(SIG_BLOCK, &set, &earlier_);
        if (failed_) return;
        blocked_ = true;
        auto made = sys::signalfd(set);
        if (made)
            fd_ = std::move(*made);
        else
            failed_ = made.error();
    }
    ~stop_signals() {
        if (blocked_) sys::thread_sigmask(SIG_SETMASK, &earlier_, nullptr);
    }
    stop_signals(const stop_signals&) = delete;
    stop_signals& operator=(const stop_signals&) = delete;

    const error_code& failure() const noexcept { return failed_; }
    int fd() const noexcept { return fd_.get(); }
    const sigset_t& earlier_mask() const noexcept { return earlier_; }
    bool arrived() const noexcept {
        alignas(8) char record[128];  // struct signalfd_siginfo
        return static_cast<bool>(sys::read(fd_.get(), record, sizeof record));
    }

private:
    sigset_t earlier_{};
    unique_fd fd_;
    error_code failed_{};
    bool blocked_ = false;
};

// One place for a worker, taken or waiting to be taken.
struct worker_place {
    unsigned index = 0;
    pid_t pid = 0;
    unique_fd pidfd{};        // empty: nobody is there
    unique_fd connections{};  // the parent's end
    clock::time_point since{};
    clock::time_point next{};  // when to fill it
    std::chrono::milliseconds delay{0};
};

class master {
public:
    master(const prefork_options& options, const std::function<task<int>(worker&)>& work, const stop_signals& signals)
        : options_(options), work_(work), signals_(signals) {
        places_.resize(options.workers != 0 ? options.workers : sys::usable_cpus());
        for (unsigned i = 0; i < places_.size(); ++i) places_[i].index = i;
    }

    error_code start_all() {
        for (auto& p : places_)
            if (const auto ec = fill(p)) return ec;
        return {};
    }

    void serve() {
        while (!asked_to_end_) {
            wait();
            for (auto& p : places_)
                if (!p.pidfd && !asked_to_end_ && p.next <= clock::now()) refill(p);
        }
    }

    void stop_all() {
        asked_to_end_ = true;
        for (auto& p : places_) signal(p, options_.stop.signal);
        for (auto& p : places_) signal(p, SIGCONT);
        kill_at_ = detail::time_after(options_.stop.grace);
        while (std::ranges::any_of(places_, [](const worker_place& p) { return static_cast<bool>(p.pidfd); })) {
            wait();
            if (clock::now() < *kill_at_) continue;
            for (auto& p : places_) signal(p, SIGKILL);
            kill_at_ = clock::time_point::max();
        }
    }

private:
    static void signal(const worker_place& p, int number) {
        if (p.pidfd) sys::signal_child(p.pidfd.get(), p.pid, number);
    }

    error_code fill(worker_place& p) {
        sys::socket_ends link;
        if (options_.hand_out) {
            auto made = sys::socket_pair(SOCK_SEQPACKET | SOCK_NONBLOCK);
            if (!made) return made.error();
            link = std::move(*made);
        }
        std::fflush(nullptr);  // what the parent has not yet written is not for the worker to write
        const auto parent = ::getpid();
        const auto forked = sys::fork();
        if (!forked) return forked.error();
        if (*forked == 0) {
            const unsigned index = p.index;
            places_.clear();  // the other workers' descriptors
            link.first.reset();
            run_worker(work_, index, std::move(link.second), parent, signals_.earlier_mask(), signals_.fd());
        }
        auto pidfd = sys::pidfd_open(*forked);
        if (!pidfd) {
            sys::kill_unreaped_child(*forked);
            return pidfd.error();
        }
        p.pid = *forked;
        p.pidfd = std::move(*pidfd);
        p.connections = std::move(link.first);
        p.since = clock::now();
        if (options_.on_start) options_.on_start(p.index, p.pid);
        return {};
    }

    void refill(worker_place& p) {
        if (const auto ec = fill(p)) {
            logger()->error("parley: cannot start worker {}: {}", p.index, ec.message());
            lengthen(p);
            p.next = detail::time_after(p.delay);
        }
    }

    void lengthen(worker_place& p) const {
        if (p.delay.count() == 0)
            p.delay = options_.first_delay;
        else
            p.delay = p.delay < options_.last_delay / 2 ? p.delay * 2 : std::chrono::milliseconds(options_.last_delay);
    }

    void has_ended(worker_place& p, exit_status status) {
        if (clock::now() >= detail::time_after(p.since, options_.young))
            p.delay = std::chrono::milliseconds(0);
        else
            lengthen(p);
        p.next = detail::time_after(p.delay);
        p.pidfd.reset();
        p.connections.reset();
        if (options_.on_end)
            options_.on_end({p.index, p.pid, status, asked_to_end_ ? std::nullopt : std::optional(p.delay)});
    }

    void look_at(worker_place& p) {
        const auto reaped = sys::reap(p.pidfd.get());
        if (reaped && !*reaped) return;
        if (reaped)
            has_ended(p, status_of((*reaped)->info));
        else if (reaped.error().value() == ECHILD)  // somebody else has taken the status
            has_ended(p, {});
    }

    // Until a signal, the end of a worker, a connection, or the next time something is due.
    void wait() {
        watched_.clear();
        watched_.push_back({asked_to_end_ ? -1 : signals_.fd(), POLLIN, 0});
        watched_.push_back({can_hand_out() ? *options_.hand_out : -1, POLLIN, 0});
        for (const auto& p : places_) watched_.push_back({p.pidfd.get(), POLLIN, 0});
        sys::poll(watched_.data(), watched_.size(), time_to_wait());
        if (watched_[0].revents != 0 && signals_.arrived()) asked_to_end_ = true;
        for (std::size_t i = 0; i < places_.size(); ++i)
            if (watched_[i + 2].revents != 0) look_at(places_[i]);
        if (watched_[1].revents != 0) hand_out();
    }

    bool can_hand_out() const { return options_.hand_out && !asked_to_end_ && clock::now() >= accept_again_; }

    int time_to_wait() const {
        auto next = clock::time_point::max();
        if (kill_at_) next = std::min(next, *kill_at_);
        if (!asked_to_end_) {
            for (const auto& p : places_)
                if (!p.pidfd) next = std::min(next, p.next);
            if (options_.hand_out && clock::now() < accept_again_) next = std::min(next, accept_again_);
        }
        return detail::poll_until(next);
    }

    void hand_out() {
        constexpr std::chrono::milliseconds pause{50};
        if (!has_room()) {  // the connections wait in the backlog of the listener
            accept_again_ = detail::time_after(pause);
            return;
        }
        auto accepted = sys::accept(*options_.hand_out);
        if (!accepted) {
            const int failure = accepted.error().value();
            if (failure == EAGAIN || failure == ECONNABORTED) return;
            if (!accept_failed_) logger()->error("parley: cannot accept: {}", accepted.error().message());
            accept_failed_ = true;
            accept_again_ = detail::time_after(pause);
            return;
        }
        accept_failed_ = false;
        for (std::size_t tried = 0; tried < places_.size(); ++tried) {
            auto& p = places_[turn_++ % places_.size()];
            if (p.connections && !sys::send_descriptor(p.connections.get(), accepted->get())) return;
        }
    }

    bool has_room() {
        std::vector<pollfd> links;
        for (const auto& p : places_) links.push_back({p.connections.get(), POLLOUT, 0});
        sys::poll(links.data(), links.size(), 0);
        return std::ranges::any_of(links, [](const pollfd& l) { return (l.revents & POLLOUT) != 0; });
    }

    const prefork_options& options_;
    const std::function<task<int>(worker&)>& work_;
    const stop_signals& signals_;
    std::vector<worker_place> places_;
    std::vector<pollfd> watched_;
    std::optional<clock::time_point> kill_at_;
    clock::time_point accept_again_{};
    std::size_t turn_ = 0;
    bool asked_to_end_ = false;
    bool accept_failed_ = false;
};

}  // namespace

std::string to_string(const worker_end& end) {
    std::string text = "worker " + std::to_string(end.index) + " (" + std::to_string(end.pid) + ") ";
    text += !end.status.known() ? "ended, nobody knows how" : end.status.exit_code() ? "" : "was ";
    if (end.status.known()) text += to_string(end.status);
    if (end.respawn_in) text += ", another starts in " + std::to_string(end.respawn_in->count()) + " ms";
    return text;
}

std::ostream& operator<<(std::ostream& out, const worker_end& end) { return out << to_string(end); }

result<int> prefork(const prefork_options& options, const std::function<task<int>(worker&)>& work) {
    if (sys::number_of_threads() > 1) return error(errc::threads_exist, "prefork");
    if (sys::exit_statuses_are_discarded()) return error(errc::child_ignored, "prefork");
    if (options.hand_out)
        if (const auto ec = sys::set_nonblocking(*options.hand_out, true))
            return error(ec, "prefork: hand out of descriptor " + std::to_string(*options.hand_out));
    const stop_signals signals;
    if (signals.failure()) return error(signals.failure(), "prefork: signals");
    master m(options, work, signals);
    const auto ec = m.start_all();
    if (!ec) m.serve();
    m.stop_all();
    if (ec) return error(ec, "prefork: start of a worker");
    return 0;
}

}  // namespace parley
