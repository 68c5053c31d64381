// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/orphan_reaper.hpp"

#include <parley/core/timer.hpp>

#include "core/syscall.hpp"
#include "process/masked_thread.hpp"
#include "process/own_children.hpp"

#include <boost/system/errc.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <unistd.h>

namespace parley {
namespace {

using clock = std::chrono::steady_clock;

struct orphan {
    pid_t pid = 0;
    unique_fd pidfd;
    std::optional<clock::time_point> kill_at;
    int failures = 0;
    bool to_be_stopped = false;
};

// Reaps it if it can be. ECHILD: somebody else has; any other error may pass, but not for ever.
bool has_ended(orphan& o) noexcept {
    constexpr int most_failures = 16;
    const auto reaped = sys::reap(o.pidfd.get());
    if (reaped) return reaped->has_value();
    return reaped.error() == boost::system::errc::no_child_process || ++o.failures >= most_failures;
}

// A tracer may hold a dead child back although its pidfd is readable: look again after this.
constexpr auto ask_again = std::chrono::milliseconds(50);

class reaper {
public:
    void adopt(pid_t pid, unique_fd pidfd, const std::optional<stop_policy>& policy) noexcept {
        const std::lock_guard lock(mutex_);
        try {
            orphan added{
                .pid = pid, .pidfd = std::move(pidfd), .kill_at = std::nullopt, .to_be_stopped = policy.has_value()};
            if (policy) {
                sys::signal_child(added.pidfd.get(), pid, policy->signal);
                if (policy->signal != SIGKILL) {
                    sys::signal_child(added.pidfd.get(), pid, SIGCONT);
                    added.kill_at = detail::time_after(policy->grace);
                }
            }
            if (!wake_) {
                if (auto made = sys::eventfd()) wake_ = std::move(*made);
            }
            if (policy) {
                ++to_be_stopped_;
                const auto kill = detail::time_after(policy->grace).time_since_epoch();
                last_kill_ = std::max(last_kill_.load(), kill.count());
            }
            arrivals_.push_back(std::move(added));
            if (!running_) start();
            const std::uint64_t one = 1;
            if (wake_) (void)sys::write(wake_.get(), &one, sizeof one);
        } catch (...) {  // no memory, no thread
            for (const auto& left : arrivals_)
                if (left.to_be_stopped) sys::signal_child(left.pidfd.get(), left.pid, SIGKILL);
            to_be_stopped_ = 0;
        }
    }

    /// At the end of the program: lets the policies under way come to their end, for at most their graces.
    void finish() noexcept {
        if (::getpid() != owner_) return;  // a forked child has no such thread
        // Looked at now and then, without the mutex: at this time the rest of the program may have gone anywhere.
        constexpr auto now_and_then = std::chrono::milliseconds(2);
        const auto end =
            detail::time_after(clock::time_point(clock::duration(last_kill_.load())), std::chrono::seconds(1));
        while (to_be_stopped_.load() != 0 && clock::now() < end) std::this_thread::sleep_for(now_and_then);
    }

private:
    // With the mutex held.
    bool ended(orphan& o) noexcept {
        if (!has_ended(o)) return false;
        forget_own_child(o.pid);
        if (o.to_be_stopped) --to_be_stopped_;
        return true;
    }

    void start() {
        start_masked_thread([this] { run(); });
        running_ = true;
    }

    void run() noexcept {
        std::vector<orphan> orphans;
        std::vector<pollfd> watched;
        for (;;) {
            int wake = -1;
            {
                const std::lock_guard lock(mutex_);
                wake = wake_.get();
                for (auto& added : arrivals_) orphans.push_back(std::move(added));
                arrivals_.clear();
                std::erase_if(orphans, [this](orphan& o) { return ended(o); });
                if (orphans.empty()) {
                    running_ = false;
                    wake_.reset();
                    return;
                }
            }
            watched.assign(1, pollfd{wake, POLLIN, 0});
            // Without a descriptor to be woken by (none was to be had), arrivals are looked for now and then.
            auto next = wake >= 0 ? clock::time_point::max() : detail::time_after(ask_again);
            for (auto& o : orphans) {
                if (o.kill_at && *o.kill_at <= clock::now()) {
                    sys::signal_child(o.pidfd.get(), o.pid, SIGKILL);
                    o.kill_at.reset();
                }
                if (o.kill_at) next = std::min(next, *o.kill_at);
                watched.push_back({o.pidfd.get(), POLLIN, 0});
            }
            sys::poll(watched.data(), watched.size(), detail::poll_until(next));
            if (watched[0].revents != 0) {
                std::uint64_t count = 0;
                (void)sys::read(watched[0].fd, &count, sizeof count);
            }
            bool held_back = false;
            {
                const std::lock_guard lock(mutex_);
                for (std::size_t i = 1; i < watched.size(); ++i)
                    if (watched[i].revents != 0 && ended(orphans[i - 1]))
                        orphans[i - 1].pidfd.reset();
                    else
                        held_back = held_back || watched[i].revents != 0;
            }
            std::erase_if(orphans, [](const orphan& o) { return !o.pidfd; });
            if (held_back) std::this_thread::sleep_for(ask_again);
        }
    }

    const pid_t owner_ = ::getpid();
    std::mutex mutex_;
    std::atomic<std::size_t> to_be_stopped_{0};
    std::atomic<clock::rep> last_kill_{0};
    std::vector<orphan> arrivals_;
    unique_fd wake_;
    bool running_ = false;
};

}  // namespace

void adopt_orphan(pid_t pid, unique_fd pidfd, std::optional<stop_policy> policy) noexcept {
    static reaper& instance = []() -> reaper& {
        static reaper& made = *new reaper;  // never destroyed: its thread may outlive main
        std::atexit([] { made.finish(); });
        return made;
    }();
    instance.adopt(pid, std::move(pidfd), policy);
}

}  // namespace parley
