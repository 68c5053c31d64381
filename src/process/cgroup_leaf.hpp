// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A cgroup (version 2) of our own, in which a tree of processes lives.
#pragma once

#include <parley/core/error.hpp>

#include "core/syscall.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace parley {

/// Moves, never copies. The destructor removes the directory if it is empty. Source: the kernel's cgroup-v2.rst.
class cgroup_leaf {
public:
    /// Makes one below `parent`, a directory of a cgroup2 file system; empty: below the cgroup that this process is in,
    /// as far as that is ours: not where a systemd runs the machine and has not delegated it.
    static result<cgroup_leaf> make(const std::string& parent);

    cgroup_leaf(cgroup_leaf&& other) noexcept
        : path_(std::exchange(other.path_, {})), name_(std::exchange(other.name_, {})) {}
    cgroup_leaf& operator=(cgroup_leaf&&) = delete;
    ~cgroup_leaf();

    const std::string& path() const noexcept { return path_; }
    /// Within the hierarchy, as `cgroup_of` gives it for the processes in it.
    const std::string& name() const noexcept { return name_; }

    /// Whether a process of that cgroup (as `cgroup_of` gives it) is in here.
    bool holds(std::string_view cgroup) const noexcept;
    /// Whether any process lives in here, those included that this process cannot see.
    sys::outcome<bool> populated() const;
    /// The numbers of those that it can see.
    sys::outcome<std::vector<pid_t>> processes() const;
    /// Kills all at once, those that are being born included. On an error (a kernel before 5.14) all are frozen, so
    /// that nobody is born while the caller kills them one by one.
    error_code kill() const;
    /// Lets go who could not be killed.
    void thaw() const;
    /// Removes the directory and what was made below it. EBUSY while a process lives in it. Idempotent.
    error_code remove();

private:
    cgroup_leaf(std::string path, std::string name) : path_(std::move(path)), name_(std::move(name)) {}

    std::string path_;
    std::string name_;  // within the hierarchy
};

}  // namespace parley
