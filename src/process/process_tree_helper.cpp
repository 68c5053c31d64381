// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/process_tree_helper.hpp"

#include <parley/core/timer.hpp>

#include "process/child_state.hpp"
#include "process/masked_thread.hpp"
#include "process/orphan_reaper.hpp"
#include "process/own_children.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

namespace parley {
namespace {

using clock = std::chrono::steady_clock;

struct abandoned_tree {
    tree_parts parts{};
    unique_fd leader{};
    stop_policy policy{};
    std::optional<child_birth> handing_over{std::in_place};  // until the leader has a `child_state` again
};

void kill_at_once(const tree_parts& parts, unique_fd leader) noexcept {
    auto& membership = *parts.membership;
    if (auto* leaf = membership.leaf()) (void)leaf->kill();
    (void)membership.signal_group(SIGKILL);
    if (leader) adopt_orphan(membership.who().leader, std::move(leader), stop_policy::kill());
}

// The one thread of this process that stops trees, while there are some; a forked child has none.
class helper {
public:
    void take(std::shared_ptr<abandoned_tree> tree) {
        const std::lock_guard lock(mutex_);
        expect_end_by(detail::time_after(detail::time_after(tree->policy.grace), tree->parts.give_up_after));
        arrivals_.push_back(std::move(tree));
        ++left_;
        try {
            if (io_ != nullptr)
                asio::post(*io_, [this, io = io_] { begin_arrivals(*io); });
            else if (!std::exchange(runs_, true))
                start_masked_thread([this]() noexcept { run(); });
        } catch (...) {
            if (io_ == nullptr) runs_ = false;
            arrivals_.pop_back();
            --left_;
            throw;
        }
    }

    pid_t owner() const noexcept { return owner_; }

    // At the end of the program. Looked at now and then: the rest of the program may have gone anywhere.
    void wait_at_exit() const noexcept {
        if (::getpid() != owner_) return;
        constexpr auto now_and_then = std::chrono::milliseconds(2);
        const auto end =
            detail::time_after(clock::time_point(clock::duration(last_end_.load())), std::chrono::seconds(1));
        while (left_.load() != 0 && clock::now() < end) std::this_thread::sleep_for(now_and_then);
    }

private:
    // From then on trees are posted to the loop; not any more when it is destroyed. By then the next thread may have a
    // loop, to which they are posted: that one stays.
    class taking {
    public:
        taking(helper& of, asio::io_context& io) : of_(of), io_(io) {
            const std::lock_guard lock(of_.mutex_);
            of_.io_ = &io;
        }
        taking(const taking&) = delete;
        taking& operator=(const taking&) = delete;
        ~taking() {
            const std::lock_guard lock(of_.mutex_);
            if (of_.io_ == &io_) of_.io_ = nullptr;
        }

    private:
        helper& of_;
        asio::io_context& io_;
    };

    void expect_end_by(clock::time_point time) noexcept {
        last_end_ = std::max(last_end_.load(), time.time_since_epoch().count());
    }

    void run() noexcept {
        for (;;) {
            try {
                asio::io_context io(1);
                const taking takes(*this, io);
                do {
                    begin_arrivals(io);
                    io.restart();
                    io.run();
                } while (!may_end());
                return;
            } catch (...) {  // no memory, no descriptors
                const std::lock_guard lock(mutex_);
                kill_arrivals();
                runs_ = false;
                return;
            }
        }
    }

    // Unless there are arrivals. After it the next tree has a thread of its own.
    bool may_end() noexcept {
        const std::lock_guard lock(mutex_);
        if (!arrivals_.empty()) return false;
        runs_ = false;
        io_ = nullptr;
        return true;
    }

    void begin_arrivals(asio::io_context& io) {
        std::vector<std::shared_ptr<abandoned_tree>> trees;
        {
            const std::lock_guard lock(mutex_);
            trees.swap(arrivals_);
        }
        for (auto& tree : trees) {
            try {
                begin(io, *tree);
            } catch (...) {  // no memory, no descriptors
                if (tree->parts.membership) kill_at_once(tree->parts, std::move(tree->leader));
                --left_;
            }
            tree.reset();
        }
    }

    void begin(asio::io_context& io, abandoned_tree& left) {
        const pid_t pid = left.parts.membership->who().leader;
        child leader;
        if (left.leader)
            leader = child(std::make_shared<child_state>(io.get_executor(), pid, std::move(left.leader),
                                                         stop_policy::kill(), child_origin{}));
        left.handing_over.reset();
        const auto tree = std::make_shared<tree_state>(io.get_executor(), std::move(leader), std::move(left.parts));
        tree->async_stop(left.policy, [this](const error_code&, const tree_report&) { --left_; });
    }

    void kill_arrivals() noexcept {
        for (auto& tree : arrivals_) {
            kill_at_once(tree->parts, std::move(tree->leader));
            --left_;
        }
        arrivals_.clear();
    }

    const pid_t owner_ = ::getpid();
    std::atomic<std::size_t> left_{0};
    std::atomic<clock::rep> last_end_{0};

    std::mutex mutex_;  // guards everything below
    std::vector<std::shared_ptr<abandoned_tree>> arrivals_;
    asio::io_context* io_ = nullptr;  // of the thread, while it takes trees
    bool runs_ = false;
};

helper& the_helper() {
    static std::mutex making;
    static helper* current = nullptr;  // never destroyed: its thread may outlive main
    const std::lock_guard lock(making);
    if (current == nullptr || current->owner() != ::getpid()) {
        auto* made = new helper;
        if (std::exchange(current, made) == nullptr) std::atexit([] { current->wait_at_exit(); });
    }
    return *current;
}

}  // namespace

void stop_in_helper_thread(tree_parts parts, unique_fd leader, stop_policy policy) noexcept {
    std::shared_ptr<abandoned_tree> kept;
    try {
        kept = std::make_shared<abandoned_tree>();
        kept->parts = std::move(parts);
        kept->leader = std::move(leader);
        kept->policy = policy;
        the_helper().take(kept);
    } catch (...) {  // no memory, no thread
        if (kept)
            kill_at_once(kept->parts, std::move(kept->leader));
        else
            kill_at_once(parts, std::move(leader));
    }
}

}  // namespace parley
