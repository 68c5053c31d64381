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
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ostream>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/epoll.h>
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
    std::chrono::milliseconds delay{0};       // before it is filled
    std::chrono::milliseconds look_again{1};  // where its end is known and the worker cannot be reaped
    int failures = 0;                         // to reap it
};

constexpr std::chrono::milliseconds longest_look_again{50};
constexpr int most_failures_to_reap = 16;

class master {
public:
    master(const prefork_options& options, const std::function<task<int>(worker&)>& work, const stop_signals& signals)
        : options_(options), work_(work), signals_(signals) {
        places_.resize(options.workers != 0 ? options.workers : sys::usable_cpus());
        for (unsigned i = 0; i < places_.size(); ++i) places_[i].index = i;
    }

    error_code start_all() {
        auto made = sys::epoll_create();
        if (!made) return made.error();
        ends_ = std::move(*made);
        for (auto& p : places_)
            if (const auto ec = fill(p)) return ec;
        return {};
    }

    void serve() {
        while (!asked_to_end_) {
            wait();
            do_what_is_due();
        }
    }

    void stop_all() {
        asked_to_end_ = true;
        for (auto& p : places_) signal(p, options_.stop.signal);
        for (auto& p : places_) signal(p, SIGCONT);
        kill_at_ = detail::time_after(options_.stop.grace);
        while (!by_pidfd_.empty()) {
            wait();
            do_what_is_due();
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
            ends_.reset();
            link.first.reset();
            run_worker(work_, index, std::move(link.second), parent, signals_.earlier_mask(), signals_.fd());
        }
        auto pidfd = sys::pidfd_open(*forked);
        const auto unwatched = pidfd ? sys::epoll_add(ends_.get(), pidfd->get(), EPOLLIN) : pidfd.error();
        if (unwatched) {
            sys::kill_unreaped_child(*forked);
            return unwatched;
        }
        p.pid = *forked;
        p.pidfd = std::move(*pidfd);
        p.connections = std::move(link.first);
        p.since = clock::now();
        p.look_again = std::chrono::milliseconds(1);
        p.failures = 0;
        by_pidfd_[p.pidfd.get()] = p.index;
        if (options_.on_start) options_.on_start(p.index, p.pid);
        return {};
    }

    void refill(worker_place& p) {
        if (const auto ec = fill(p)) {
            logger()->error("parley: cannot start worker {}: {}", p.index, ec.message());
            lengthen(p);
            due_.emplace(detail::time_after(p.delay), p.index);
        }
    }

    void do_what_is_due() {
        while (!due_.empty() && due_.begin()->first <= clock::now()) {
            auto& p = places_[due_.extract(due_.begin()).value().second];
            if (p.pidfd)
                look_at(p);
            else if (!asked_to_end_)
                refill(p);
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
        due_.emplace(detail::time_after(p.delay), p.index);
        by_pidfd_.erase(p.pidfd.get());
        sys::epoll_remove(ends_.get(), p.pidfd.get());
        p.pidfd.reset();
        p.connections.reset();
        if (options_.on_end)
            options_.on_end({p.index, p.pid, status, asked_to_end_ ? std::nullopt : std::optional(p.delay)});
    }

    // Its pidfd is ready. A tracer may hold it back all the same, and the wait may fail for a while: neither is to
    // spin.
    void look_at(worker_place& p) {
        const auto reaped = sys::reap(p.pidfd.get());
        if (reaped && *reaped) return has_ended(p, status_of((*reaped)->info));
        if (!reaped && reaped.error().value() == ECHILD) return has_ended(p, {});  // somebody else has the status
        if (!reaped && ++p.failures == most_failures_to_reap) {
            logger()->error("parley: cannot wait for worker {}: {}", p.index, reaped.error().message());
            return has_ended(p, {});
        }
        sys::epoll_remove(ends_.get(), p.pidfd.get());
        due_.emplace(detail::time_after(p.look_again), p.index);
        p.look_again = std::min(p.look_again * 2, longest_look_again);
    }

    // Until a signal, the end of a worker, a connection, or the next time something is due. The cost of one does not
    // grow with the number of workers.
    void wait() {
        std::array<pollfd, 3> watched{{{asked_to_end_ ? -1 : signals_.fd(), POLLIN, 0},
                                       {can_hand_out() ? *options_.hand_out : -1, POLLIN, 0},
                                       {ends_.get(), POLLIN, 0}}};
        sys::poll(watched.data(), watched.size(), time_to_wait());
        if (watched[0].revents != 0 && signals_.arrived()) asked_to_end_ = true;
        if (watched[2].revents != 0) {
            std::array<int, 32> ready{};
            const auto count = sys::epoll_wait(ends_.get(), ready.data(), ready.size(), 0);
            for (std::size_t i = 0; i < count; ++i)
                if (const auto found = by_pidfd_.find(ready[i]); found != by_pidfd_.end())
                    look_at(places_[found->second]);
        }
        if (watched[1].revents != 0) hand_out();
    }

    bool can_hand_out() const { return options_.hand_out && !asked_to_end_ && clock::now() >= accept_again_; }

    int time_to_wait() const {
        auto next = clock::time_point::max();
        if (kill_at_) next = std::min(next, *kill_at_);
        if (!due_.empty()) next = std::min(next, due_.begin()->first);
        if (!asked_to_end_ && options_.hand_out && clock::now() < accept_again_) next = std::min(next, accept_again_);
        return detail::poll_until(next);
    }

    void hand_out() {
        constexpr std::chrono::milliseconds pause{50};
        if (!find_room()) {  // the connections wait in the backlog of the listener
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

    // Goes on to the next in turn that takes a connection.
    bool find_room() {
        for (std::size_t tried = 0; tried < places_.size(); ++tried, ++turn_) {
            pollfd link{places_[turn_ % places_.size()].connections.get(), POLLOUT, 0};
            if (link.fd < 0) continue;
            sys::poll(&link, 1, 0);
            if ((link.revents & POLLOUT) != 0) return true;
        }
        return false;
    }

    const prefork_options& options_;
    const std::function<task<int>(worker&)>& work_;
    const stop_signals& signals_;
    std::vector<worker_place> places_;
    unique_fd ends_;  // epoll, of the pidfds of the workers
    std::unordered_map<int, std::size_t> by_pidfd_;
    std::multiset<std::pair<clock::time_point, std::size_t>> due_;  // places to fill or to look at
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
    if (!work) return error(errc::invalid_argument, "prefork: there is no work");
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
