// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/subreaper.hpp"

#include "core/syscall.hpp"
#include "process/process_table.hpp"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

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

bool reap_row(const process_row& child) {
    const auto pidfd = open_process(child);
    if (!pidfd) return false;
    const auto reaped = sys::reap(pidfd->get());
    return reaped && reaped->has_value();
}

bool has_adopted_children(const tree_membership& tree) {
    const auto children = own_children();
    return children && std::ranges::any_of(*children, [&](pid_t pid) {
               const auto row = read_row(pid);
               return row && *row && tree.has_adopted(**row, realtime_limit(pid));
           });
}

std::size_t reap_adopted() {
    auto& shared = process_state();
    const std::lock_guard lock(shared.mutex);
    if (shared.trees.empty()) return 0;
    const auto children = own_children();
    if (!children) return 0;
    std::size_t reaped = 0;
    for (const pid_t pid : *children) {
        const auto row = read_row(pid);
        if (!row || !*row || !(*row)->ended) continue;
        const auto mark = realtime_limit(pid);
        const bool adopted =
            std::ranges::any_of(shared.trees, [&](const auto& tree) { return tree->has_adopted(**row, mark); });
        if (adopted && reap_row(**row)) ++reaped;
    }
    return reaped;
}

}  // namespace parley
