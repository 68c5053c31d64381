// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The start itself: a vfork-like clone that runs a prepared plan and ends in execve.
#pragma once

#include <parley/core/unique_fd.hpp>
#include <parley/process/command.hpp>
#include <parley/process/spawn.hpp>

#include <optional>
#include <variant>
#include <vector>

#include <sys/types.h>

namespace parley {

/// A descriptor of the parent (any number) and the number it takes in the child.
struct descriptor_move {
    int from;
    int to;
};

/// What the child found when it looked at itself.
enum class deviation : unsigned char { none, missing, not_listed, blocked, not_default, directory, umask };

/// The step that failed.
struct launch_failure {
    spawn_step step{};
    int errno_value = 0;
    deviation found = deviation::none;
    int detail = -1;     // which descriptor, resource, signal or mask
    char target[160]{};  // where the descriptor leads
};

/// What `command::verify` expects besides what the plan says.
struct expected_state {
    dev_t directory_device = 0;
    ino_t directory_inode = 0;
    mode_t umask = 0;
};

/// Everything the child needs, laid out before it exists: it must not allocate.
struct launch_plan {
    const char* program = nullptr;
    const char* const* arguments = nullptr;
    const char* const* environment = nullptr;
    char* process_number = nullptr;   // where the child writes its number; null: nowhere
    const char* directory = nullptr;  // null: stay
    process_group group = process_group::inherit;
    pid_t join_group = 0;                // 0: none
    std::vector<descriptor_move> moves;  // 0, 1 and 2 among them
    std::vector<int> keep;               // the numbers the program starts with; sorted, each once, 0 to 2 among them
    detail::spawn_extension* extension = nullptr;

    int terminal = -1;  // the child's number of its controlling terminal; -1: none
    const identity* run_as = nullptr;
    const gid_t* groups = nullptr;  // sorted, as the kernel keeps them
    std::size_t group_count = 0;
    bool no_new_privs = false;
    bool die_with_parent = false;
    pid_t parent = 0;
    std::optional<mode_t> umask;
    std::optional<int> nice;
    const unsigned long* cpus = nullptr;  // a bit each
    std::size_t cpus_size = 0;            // in bytes
    const resource_limit* limits = nullptr;
    std::size_t limit_count = 0;
    int cgroup_procs = -1;  // the open cgroup.procs; -1: stay
    const expected_state* verify = nullptr;
};

struct launched {
    pid_t pid = -1;
    unique_fd pidfd;
};

/// After an error there is no child. The calling thread is the one whose end the kernel takes for the parent's.
std::variant<launched, launch_failure> launch(const launch_plan& plan);

error_code make_spawn_error(spawn_step step, int errno_value) noexcept;

}  // namespace parley
