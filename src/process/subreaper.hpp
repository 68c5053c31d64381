// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The process as a subreaper. The kernel has one switch a process, so this is the one file that turns it.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/error.hpp>

#include "process/process_tree_membership.hpp"

#include <cstddef>
#include <memory>
#include <unordered_set>

namespace parley {

/// While one is held, orphans among the descendants of this process become its children. The last one turns the switch
/// back to where it was. Threads: any.
class subreaper_hold {
public:
    static result<std::unique_ptr<subreaper_hold>> take();

    subreaper_hold() noexcept = default;
    subreaper_hold(const subreaper_hold&) = delete;
    subreaper_hold& operator=(const subreaper_hold&) = delete;
    ~subreaper_hold();

private:
    bool counted_ = false;
};

/// A tree whose orphans are reaped. Every tree has one: the switch may be on for another, or this may be the
/// first process. Threads: any.
class orphan_watch {
public:
    explicit orphan_watch(std::shared_ptr<tree_membership> tree);
    orphan_watch(const orphan_watch&) = delete;
    orphan_watch& operator=(const orphan_watch&) = delete;
    ~orphan_watch();

private:
    std::shared_ptr<tree_membership> tree_;
};

/// The trees of which this process has adopted children that are not reaped yet.
using adopting_trees = std::unordered_set<const tree_membership*>;

/// Reaps the children of this process that have ended, that are proven members of a watched tree, and that are not its
/// leader: one pass over the children for all trees that ask on a context. Every other child is somebody else's to wait
/// for and is left alone. Never blocks.
task<std::shared_ptr<const adopting_trees>> reap_adopted(executor io);

/// While one is held on a context, `reap_adopted` runs there now and then: often while there are some, seldom
/// otherwise.
class orphan_rounds_hold {
public:
    explicit orphan_rounds_hold(const executor& io);
    orphan_rounds_hold(const orphan_rounds_hold&) = delete;
    orphan_rounds_hold& operator=(const orphan_rounds_hold&) = delete;
    ~orphan_rounds_hold();

private:
    executor io_;
};

/// Reaps a child that has ended, unless its number is another's by now. False when there was nothing to reap.
bool reap_row(const process_row& child);

}  // namespace parley
