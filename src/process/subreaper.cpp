// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/subreaper.hpp"

#include <parley/core/timer.hpp>

#include "core/syscall.hpp"
#include "process/own_children.hpp"
#include "process/process_table.hpp"
#include "process/shared_rounds.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <unistd.h>

namespace parley {
namespace {

struct subreaper_state {
    std::mutex mutex;  // guards everything below
    std::size_t holds = 0;
    bool was_on = false;
    std::vector<std::shared_ptr<tree_membership>> trees{};
};

subreaper_state& process_state() {
    static subreaper_state& instance = *new subreaper_state;  // never destroyed: a helper thread may outlive main
    return instance;
}

}  // namespace

result<std::unique_ptr<subreaper_hold>> subreaper_hold::take() {
    auto hold = std::make_unique<subreaper_hold>();
    auto& shared = process_state();
    const std::lock_guard lock(shared.mutex);
    if (shared.holds == 0) {
        const auto on = sys::is_subreaper();
        if (!on) return error(on.error(), "become a subreaper");
        if (const auto ec = sys::set_subreaper(true)) return error(ec, "become a subreaper");
        shared.was_on = *on;
    }
    ++shared.holds;
    hold->counted_ = true;
    return hold;
}

subreaper_hold::~subreaper_hold() {
    if (!counted_) return;
    auto& shared = process_state();
    const std::lock_guard lock(shared.mutex);
    if (--shared.holds == 0 && !shared.was_on) (void)sys::set_subreaper(false);
}

orphan_watch::orphan_watch(std::shared_ptr<tree_membership> tree) : tree_(std::move(tree)) {
    auto& shared = process_state();
    const std::lock_guard lock(shared.mutex);
    shared.trees.push_back(tree_);
}

orphan_watch::~orphan_watch() {
    auto& shared = process_state();
    const std::lock_guard lock(shared.mutex);
    std::erase(shared.trees, tree_);
}

namespace {

// That are looked at before other handlers run.
constexpr int orphans_a_slice = 32;
constexpr std::chrono::steady_clock::duration shortest_interval = std::chrono::milliseconds(20),
                                              longest_interval = std::chrono::milliseconds(500);
constexpr int pause_per_work = 10;  // looking now and then costs a tenth of the time at the most
constexpr int rest_per_work = 3;    // trees that end one after the other share a pass

/// To which tree a child of this process belongs, found at once whatever the number of trees.
class adoption_index {
public:
    adoption_index() {
        auto& shared = process_state();
        const std::lock_guard lock(shared.mutex);
        trees_ = shared.trees;
        for (const auto& tree : trees_) {
            tree->each_sign([&](std::uint64_t mark) { by_mark_[mark] = tree.get(); },
                            [&](pid_t pid) { by_process_.emplace(pid, tree.get()); });
            by_number_.emplace(tree->who().leader, tree.get());
            if (const auto* leaf = tree->leaf()) by_cgroup_[leaf->name()] = tree.get();
        }
    }

    bool empty() const noexcept { return trees_.empty(); }

    /// Null for one that belongs to none.
    const tree_membership* owner_of(const process_row& child) const {
        const auto mark = realtime_limit(child.pid);
        const auto cgroup = by_cgroup_.empty() ? std::string() : cgroup_of(child.pid);
        if (const auto found = by_mark_.find(mark); found != by_mark_.end())
            if (found->second->has_adopted(child, mark, cgroup)) return found->second;
        for (const auto* tree : all_of(by_process_, child.pid))
            if (tree->has_adopted(child, mark, cgroup)) return tree;
        for (const pid_t number : {child.group, child.session})
            for (const auto* tree : all_of(by_number_, number))
                if (tree->has_adopted(child, mark, cgroup)) return tree;
        std::string_view name = cgroup;
        if (constexpr std::string_view removed = " (deleted)"; name.ends_with(removed))
            name.remove_suffix(removed.size());
        while (!name.empty()) {
            if (const auto found = by_cgroup_.find(std::string(name)); found != by_cgroup_.end())
                if (found->second->has_adopted(child, mark, cgroup)) return found->second;
            name = name.substr(0, std::min(name.rfind('/'), name.size()));
        }
        return nullptr;
    }

private:
    using by_pid = std::unordered_multimap<pid_t, const tree_membership*>;

    static std::vector<const tree_membership*> all_of(const by_pid& index, pid_t pid) {
        std::vector<const tree_membership*> found;
        const auto [begin, end] = index.equal_range(pid);
        for (auto at = begin; at != end; ++at) found.push_back(at->second);
        return found;
    }

    std::vector<std::shared_ptr<tree_membership>> trees_;
    std::unordered_map<std::uint64_t, const tree_membership*> by_mark_;
    by_pid by_process_, by_number_;
    std::unordered_map<std::string, const tree_membership*> by_cgroup_;
};

class orphan_rounds final : public shared_rounds<adopting_trees> {
public:
    inline static asio::execution_context::id id;
    explicit orphan_rounds(asio::execution_context& context) : shared_rounds(context) {}

    static orphan_rounds& of(const executor& io) {
        return asio::use_service<orphan_rounds>(asio::query(io, asio::execution::context));
    }

    void hold(const executor& io) {
        {
            const std::lock_guard lock(mutex_);
            ++holds_;
            if (goes_round_) return;
            timer_.emplace(io);
            goes_round_ = true;
        }
        asio::co_spawn(io, go_round(*this, io), asio::detached);
    }
    void release() {
        const std::lock_guard lock(mutex_);
        if (--holds_ == 0 && timer_) timer_->cancel();
    }

private:
    // What this library has started is reaped by its own handle, whatever else is true of it.
    task<void> run(executor io, adopting_trees& into) override {
        std::optional<adoption_index> trees;  // for the first that is none of ours
        const auto children = own_children();
        if (!children) co_return;
        int rows = 0;
        for (const pid_t pid : *children) {
            if (is_own_child(pid)) continue;
            if (!trees) trees.emplace();
            if (trees->empty()) co_return;
            if (++rows % orphans_a_slice == 0) co_await asio::post(io, asio::use_awaitable);
            const auto row = read_row(pid);
            if (!row || !*row || is_own_child(pid)) continue;
            const auto* tree = trees->owner_of(**row);
            if (tree == nullptr) continue;
            if ((*row)->ended && reap_row(**row))
                ++reaped_;
            else
                into.insert(tree);
        }
    }

    std::chrono::steady_clock::duration rest_after(std::chrono::steady_clock::duration time) const override {
        return time * rest_per_work;
    }

    static task<void> go_round(orphan_rounds& self, executor io) {
        auto interval = shortest_interval;
        for (;;) {
            const auto began = std::chrono::steady_clock::now();
            const auto before = self.reaped_.load();
            co_await next_round<orphan_rounds, adopting_trees>(io);
            const auto pause = (std::chrono::steady_clock::now() - began) * pause_per_work;
            interval = self.reaped_ != before ? shortest_interval : std::min(interval * 2, longest_interval);
            error_code ec;
            const auto wait = async_start<void(error_code)>(
                asio::deferred, [&self, time = std::max(interval, pause)](completion_handler<void(error_code)> h) {
                    const std::lock_guard lock(self.mutex_);
                    self.timer_->expires_at(
                        detail::time_after(self.holds_ == 0 ? std::chrono::steady_clock::duration() : time));
                    self.timer_->async_wait(std::move(h));
                });
            co_await wait(asio::redirect_error(asio::use_awaitable, ec));
            const std::lock_guard lock(self.mutex_);
            if (self.holds_ != 0) continue;
            self.goes_round_ = false;
            co_return;
        }
    }

    void shutdown() override {
        shared_rounds::shutdown();
        const std::lock_guard lock(mutex_);
        timer_.reset();
    }

    std::atomic<std::uint64_t> reaped_{0};
    std::mutex mutex_;  // guards everything below
    std::optional<asio::steady_timer> timer_;
    std::size_t holds_ = 0;
    bool goes_round_ = false;
};

}  // namespace

bool reap_row(const process_row& child) {
    const auto pidfd = open_process(child);
    if (!pidfd) return false;
    const auto reaped = sys::reap(pidfd->get());
    return reaped && reaped->has_value();
}

task<std::shared_ptr<const adopting_trees>> reap_adopted(executor io) {
    return next_round<orphan_rounds, adopting_trees>(std::move(io));
}

orphan_rounds_hold::orphan_rounds_hold(const executor& io) : io_(io) { orphan_rounds::of(io_).hold(io_); }
orphan_rounds_hold::~orphan_rounds_hold() { orphan_rounds::of(io_).release(); }

}  // namespace parley
