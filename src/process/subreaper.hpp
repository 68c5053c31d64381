// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The process as a subreaper. The kernel has one switch a process, so this is the one file that turns it.
#pragma once

#include <parley/core/error.hpp>

#include "process/process_tree_membership.hpp"

#include <cstddef>
#include <memory>

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

/// A tree whose orphans `reap_adopted` reaps. Every tree has one: the switch may be on for another, or this may be the
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

/// Reaps the children of this process that have ended, that are proven members of a watched tree, and that are not its
/// leader. Every other child is somebody else's to wait for and is left alone. Gives their number. Never blocks.
std::size_t reap_adopted();

/// Whether a child of this process, dead or alive, was adopted from that tree.
bool has_adopted_children(const tree_membership& tree);

/// Reaps a child that has ended, unless its number is another's by now. False when there was nothing to reap.
bool reap_row(const process_row& child);

}  // namespace parley
