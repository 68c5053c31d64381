// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/process_tree_helper.hpp"

#include <parley/core/timer.hpp>

#include "process/child_state.hpp"
#include "process/masked_thread.hpp"
#include "process/orphan_reaper.hpp"
#include "process/own_children.hpp"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

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

// The threads of this process; a forked child has none of them.
struct helpers {
    const pid_t owner = ::getpid();
    std::atomic<std::size_t> running{0};
    std::atomic<clock::rep> last_end{0};

    void expect_end_by(clock::time_point time) noexcept {
        auto known = last_end.load();
        const auto end = time.time_since_epoch().count();
        while (known < end && !last_end.compare_exchange_weak(known, end)) {}
    }

    // At the end of the program. Looked at now and then: the rest of the program may have gone anywhere.
    void wait_at_exit() const noexcept {
        if (::getpid() != owner) return;
        constexpr auto now_and_then = std::chrono::milliseconds(2);
        const auto end =
            detail::time_after(clock::time_point(clock::duration(last_end.load())), std::chrono::seconds(1));
        while (running.load() != 0 && clock::now() < end) std::this_thread::sleep_for(now_and_then);
    }
};

helpers& all_helpers() {
    static helpers& instance = []() -> helpers& {
        static helpers& made = *new helpers;  // never destroyed: a thread may outlive main
        std::atexit([] { made.wait_at_exit(); });
        return made;
    }();
    return instance;
}

void kill_at_once(const tree_parts& parts, unique_fd leader) noexcept {
    auto& membership = *parts.membership;
    if (auto* leaf = membership.leaf()) (void)leaf->kill();
    (void)membership.signal_group(SIGKILL);
    if (leader) adopt_orphan(membership.who().leader, std::move(leader), stop_policy::kill());
}

// In the thread.
void stop(abandoned_tree& left) noexcept {
    try {
        asio::io_context io(1);
        const pid_t pid = left.parts.membership->who().leader;
        child leader;
        if (left.leader)
            leader = child(std::make_shared<child_state>(io.get_executor(), pid, std::move(left.leader),
                                                         stop_policy::kill(), child_origin{}));
        left.handing_over.reset();
        auto tree = std::make_shared<tree_state>(io.get_executor(), std::move(leader), std::move(left.parts));
        tree->async_stop(left.policy, [](const error_code&, const tree_report&) {});
        tree.reset();  // the policy holds it
        io.run();
    } catch (...) {  // no memory, no descriptors
        if (left.parts.membership) kill_at_once(left.parts, std::move(left.leader));
    }
}

}  // namespace

void stop_in_helper_thread(tree_parts parts, unique_fd leader, stop_policy policy) noexcept {
    std::shared_ptr<abandoned_tree> kept;
    try {
        auto& helpers = all_helpers();
        kept = std::make_shared<abandoned_tree>();
        kept->parts = std::move(parts);
        kept->leader = std::move(leader);
        kept->policy = policy;
        ++helpers.running;
        helpers.expect_end_by(detail::time_after(detail::time_after(policy.grace), kept->parts.give_up_after));
        try {
            start_masked_thread([kept, &helpers]() mutable noexcept {
                stop(*kept);
                kept.reset();
                --helpers.running;
            });
        } catch (...) {
            --helpers.running;
            throw;
        }
    } catch (...) {  // no memory, no thread
        if (kept)
            kill_at_once(kept->parts, std::move(kept->leader));
        else
            kill_at_once(parts, std::move(leader));
    }
}

}  // namespace parley
