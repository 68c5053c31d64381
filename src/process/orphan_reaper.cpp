// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/orphan_reaper.hpp"

#include <parley/core/timer.hpp>

#include "core/syscall.hpp"
#include "process/masked_thread.hpp"
#include "process/own_children.hpp"

#include <boost/system/errc.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <unistd.h>

namespace parley {
namespace {

using clock = std::chrono::steady_clock;

using due_times = std::multimap<clock::time_point, int>;  // by when something is to be done: pidfds

struct orphan {
    pid_t pid = 0;
    unique_fd pidfd;
    std::optional<clock::time_point> kill_at;
    std::optional<clock::time_point> look_at;  // where its pidfd is not watched
    std::optional<due_times::iterator> due;    // its only entry there, which goes with it: its number is given again
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

constexpr auto never_due = clock::time_point::max();

class reaper {
public:
    void adopt(pid_t pid, unique_fd pidfd, const std::optional<stop_policy>& policy) noexcept {
        const std::lock_guard lock(mutex_);
        orphan added;
        added.pid = pid;
        added.pidfd = std::move(pidfd);
        added.to_be_stopped = policy.has_value();
        if (policy) {
            sys::signal_child(added.pidfd.get(), pid, policy->signal);
            if (policy->signal != SIGKILL) {
                sys::signal_child(added.pidfd.get(), pid, SIGCONT);
                added.kill_at = detail::time_after(policy->grace);
            }
        }
        try {
            if (arrivals_.size() == arrivals_.capacity()) arrivals_.reserve(2 * arrivals_.size() + 1);
        } catch (...) {  // no memory: nobody can wait for it
            if (policy) sys::signal_child(added.pidfd.get(), pid, SIGKILL);
            return;
        }
        if (policy) {
            ++to_be_stopped_;
            const auto kill = detail::time_after(policy->grace).time_since_epoch();
            last_kill_ = std::max(last_kill_.load(), kill.count());
        }
        arrivals_.push_back(std::move(added));
        if (!wake_) {
            if (auto made = sys::eventfd()) wake_ = std::move(*made);
        }
        try {
            if (!running_) start();
        } catch (...) {  // no memory, no thread
            kill_arrivals();
            wake_.reset();
            return;
        }
        const std::uint64_t one = 1;
        if (wake_) (void)sys::write(wake_.get(), &one, sizeof one);
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

    // For whom there is no thread. Who is killed is to be stopped no longer; the next thread reaps it.
    void kill_arrivals() noexcept {
        for (auto& left : arrivals_) {
            if (!std::exchange(left.to_be_stopped, false)) continue;
            sys::signal_child(left.pidfd.get(), left.pid, SIGKILL);
            left.kill_at.reset();
            --to_be_stopped_;
        }
    }

    void start() {
        start_masked_thread([this] { run(); });
        running_ = true;
    }

    // What happens to one costs nothing for the others.
    void run() noexcept {
        std::unordered_map<int, orphan> orphans;  // by pidfd
        due_times due;
        const auto made = sys::epoll_create();
        const int ends = made ? made->get() : -1;
        const auto plan = [&](orphan& o) {
            if (o.due) due.erase(*std::exchange(o.due, std::nullopt));
            const auto next = std::min(o.kill_at.value_or(never_due), o.look_at.value_or(never_due));
            if (next != never_due) o.due = due.emplace(next, o.pidfd.get());
        };
        const auto look_at = [&](int pidfd) {
            const auto found = orphans.find(pidfd);
            if (found == orphans.end()) return;
            auto& o = found->second;
            if (ends >= 0) sys::epoll_remove(ends, pidfd);  // from here on by the clock, if it is not to be had yet
            const std::lock_guard lock(mutex_);
            if (!ended(o)) {
                o.look_at = detail::time_after(ask_again);
                plan(o);
                return;
            }
            if (o.due) due.erase(*o.due);
            orphans.erase(found);
        };
        for (int wake = -1;;) {
            {
                const std::lock_guard lock(mutex_);
                if (wake < 0 && wake_ && ends >= 0 && !sys::epoll_add(ends, wake_.get(), EPOLLIN)) wake = wake_.get();
                for (auto& added : arrivals_) {
                    if (ended(added)) continue;
                    const int pidfd = added.pidfd.get();
                    auto& o = orphans[pidfd] = std::move(added);
                    if (ends < 0 || sys::epoll_add(ends, pidfd, EPOLLIN)) o.look_at = detail::time_after(ask_again);
                    plan(o);
                }
                arrivals_.clear();
                if (orphans.empty()) {
                    running_ = false;
                    wake_.reset();
                    return;
                }
            }
            // Without a descriptor to be woken by (none was to be had), arrivals are looked for now and then.
            auto next = wake >= 0 ? never_due : detail::time_after(ask_again);
            if (!due.empty()) next = std::min(next, due.begin()->first);
            std::array<int, 32> ready{};
            std::size_t count = 0;
            if (ends >= 0)
                count = sys::epoll_wait(ends, ready.data(), ready.size(), detail::poll_until(next));
            else
                std::this_thread::sleep_until(std::min(next, detail::time_after(ask_again)));
            for (std::size_t i = 0; i < count; ++i) {
                if (ready[i] != wake) {
                    look_at(ready[i]);
                    continue;
                }
                std::uint64_t times = 0;
                (void)sys::read(wake, &times, sizeof times);
            }
            while (!due.empty() && due.begin()->first <= clock::now()) {
                auto& o = orphans.at(due.begin()->second);
                if (o.kill_at && *o.kill_at <= clock::now()) {
                    sys::signal_child(o.pidfd.get(), o.pid, SIGKILL);
                    o.kill_at.reset();
                    plan(o);
                } else {
                    look_at(o.pidfd.get());
                }
            }
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
