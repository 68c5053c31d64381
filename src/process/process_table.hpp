// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The kernel's table of processes, read from /proc. What is read may be past already: whoever acts on it opens the
// process first (`open_process`) and acts on the pidfd.
#pragma once

#include "core/syscall.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace parley {

/// A row of the table: /proc/<pid>/stat.
struct process_row {
    pid_t pid = 0;
    pid_t parent = 0;
    pid_t group = 0;
    pid_t session = 0;
    std::uint64_t start = 0;  // clock ticks after the boot: with the pid it names one process for good
    bool ended = false;       // all of its threads: it only waits to be reaped
    std::string name{};       // of the program, at most 15 bytes, printable

    friend bool operator==(const process_row&, const process_row&) = default;
};

/// None for a text that is no row.
std::optional<process_row> parse_row(std::string_view stat);

/// None when there is no process of this number, or none that this process may see.
sys::outcome<std::optional<process_row>> read_row(pid_t pid);

/// The processes of the table, each once, in the order of their numbers; those that come into being meanwhile included
/// as far as their numbers are still ahead.
class process_listing {
public:
    static sys::outcome<process_listing> open();
    /// None after the last.
    sys::outcome<std::optional<pid_t>> next();

private:
    explicit process_listing(sys::directory directory) : directory_(std::move(directory)) {}

    sys::directory directory_;
};

/// The numbers of the children of this process, of all its threads.
sys::outcome<std::vector<pid_t>> own_children();

/// Whether /proc is there and shows the PID namespace that this process is in.
bool table_is_ours();

/// A pidfd of the process that the row told of, not of a later one with its number: ESRCH then.
sys::outcome<unique_fd> open_process(const process_row& row);

/// The soft limit RLIMIT_RTTIME of a process, dead or alive, whoever it belongs to; 0 when it cannot be read.
std::uint64_t realtime_limit(pid_t pid);

/// The cgroup (v2) of a process, dead or alive, as its name within the hierarchy; empty when it cannot be read.
std::string cgroup_of(pid_t pid);

}  // namespace parley
