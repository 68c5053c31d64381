// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Trees of processes that carry a marker of their test in the environment, so that what is left of one is found.
#pragma once

#include "process_tools.hpp"
#include "sanitizers.hpp"
#include "skip.hpp"

#include "core/syscall.hpp"
#include "process/cgroup_leaf.hpp"
#include "process/process_table.hpp"

#include <parley/process/process_tree.hpp>

#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

namespace parley::test {

/// Whether this process can make a cgroup.
inline bool can_make_cgroup() { return cgroup_leaf::make({}).has_value(); }

/// The same; where it cannot the case is skipped.
inline bool have_cgroup() {
    const auto leaf = cgroup_leaf::make({});
    if (!leaf) skip_case(leaf.error());
    return leaf.has_value();
}

inline tree_options with_cgroup() {
    tree_options options;
    options.cgroup = cgroup_use::required;
    return options;
}

inline tree_options without_cgroup() {
    tree_options options;
    options.cgroup = cgroup_use::never;
    return options;
}

/// Nothing of a test's trees may be left when it ends: no process, no cgroup, no helper thread.
struct tree_fixture : process_fixture {
    const std::string marker = "PARLEY_TREE_TEST=" + std::to_string(::getpid()) + "." + std::to_string(++number);

    tree_fixture() { BOOST_REQUIRE(!sys::is_subreaper().value()); }

    ~tree_fixture() {
        BOOST_TEST(run_dry(io), "the context still has work");
        const bool all_gone = soon([this] { return members().empty(); });
        BOOST_TEST(all_gone, "processes are left");
        if (!all_gone) end_what_is_left();
        // ThreadSanitizer has a thread of its own from the first one of the program on.
        BOOST_TEST(soon([] { return threads() <= (under_tsan ? 2u : 1u); }), "a helper thread is left");
        BOOST_TEST(!sys::is_subreaper().value());
        if (const auto leaf = cgroup_leaf::make({})) {
            const auto own = std::filesystem::path(leaf->path()).filename().string();
            const auto mine = "parley-" + std::to_string(::getpid()) + "-";
            for (const auto& entry :
                 std::filesystem::directory_iterator(std::filesystem::path(leaf->path()).parent_path())) {
                const auto name = entry.path().filename().string();
                BOOST_TEST((name == own || !name.starts_with(mine)), "a cgroup is left: " << name);
            }
        }
    }

    command marked(command what) {
        what.environment.changes[marker.substr(0, marker.find('='))] = marker.substr(marker.find('=') + 1);
        return what;
    }

    process_tree start_tree(const command& what, const tree_options& options) {
        return spawn_tree(ex, marked(what), options).value();
    }

    /// Starts one and waits until its leader has said a line.
    std::pair<process_tree, std::string> start_saying(command what, const tree_options& options) {
        what.out = stdio::pipe();
        auto tree = start_tree(what, options);
        auto said = run_task(io, next_line(tree.leader()));
        return {std::move(tree), std::move(said)};
    }

    /// Who lives and carries the marker.
    std::vector<pid_t> members() const {
        std::vector<pid_t> found;
        auto listing = process_listing::open().value();
        for (auto pid = listing.next().value(); pid; pid = listing.next().value()) {
            const auto row = read_row(*pid);
            if (!row || !*row || (*row)->ended || *pid == ::getpid()) continue;
            const auto environ = sys::read_file(("/proc/" + std::to_string(*pid) + "/environ").c_str(), 1 << 20);
            if (environ && ("\n" + *environ).find(marker + '\0') != std::string::npos) found.push_back(*pid);
        }
        return found;
    }

    /// Runs the loop until `done()` holds; false when the guard passed before.
    template <typename Condition>
    bool soon(Condition done) {
        if (guard_has_passed) return done();
        const auto end = std::chrono::steady_clock::now() + time_left();
        while (!done()) {
            if (std::chrono::steady_clock::now() > end) {
                guard_has_passed = true;
                return false;
            }
            io.restart();
            io.poll();
            std::this_thread::yield();
        }
        return true;
    }

    bool soon_are(std::size_t count) {
        return soon([&] { return members().size() == count; });
    }

    /// Until the members run these programs. A shell that has a trap loses what arrives in its child before the exec.
    bool soon_run(std::vector<std::string> programs) {
        std::ranges::sort(programs);
        return soon([&] {
            std::vector<std::string> names;
            for (const pid_t pid : members())
                if (const auto row = read_row(pid); row && *row) names.push_back((*row)->name);
            std::ranges::sort(names);
            return names == programs;
        });
    }

    tree_report stop(process_tree& tree, stop_policy policy = {}) {
        return run_task(io, [](process_tree& t, stop_policy how) -> task<tree_report> {
            co_return co_await t.async_stop(how);
        }(tree, policy));
    }

    tree_report wait_empty(process_tree& tree) {
        return run_task(io,
                        [](process_tree& t) -> task<tree_report> { co_return co_await t.async_wait_empty(); }(tree));
    }

    exit_status wait(process_tree& tree) {
        return run_task(io, [](process_tree& t) -> task<exit_status> { co_return co_await t.async_wait(); }(tree));
    }

    std::vector<tree_process> list(process_tree& tree) {
        return run_task(
            io, [](process_tree& t) -> task<std::vector<tree_process>> { co_return co_await t.async_list(); }(tree));
    }

    std::size_t send(process_tree& tree, int signal) {
        return run_task(io, [](process_tree& t, int n) -> task<std::size_t> {
            co_return co_await t.async_send_signal(n);
        }(tree, signal));
    }

    static std::size_t threads() {
        std::size_t count = 0;
        for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) ++count;
        return count;
    }

private:
    static inline std::atomic<int> number{0};
};

}  // namespace parley::test
