// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Starts a child that writes "mib" MiB to its standard output, 64 KiB at a time, and has all of it as one string in the
// end; sees that the size is right and the child's end a success, and does it again. Each run begins with no memory
// from the run before, because a function that gives back what it captured cannot have any.
#pragma once

#include "bench.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace capturing {

inline constexpr std::size_t block_size = std::size_t{64} << 10;

/// What the child is started with.
struct child_command {
    std::string program;
    std::vector<std::string> arguments;
    std::size_t size;  ///< what it writes
};

child_command child_of(const bench::run& r);

void with_pipe(bench::run& r);
void with_reallocation(bench::run& r);
void without_keeping(bench::run& r);
void with_popen(bench::run& r);
void with_large_pipe(bench::run& r);
void with_socket_pair(bench::run& r);
void with_boost_process(bench::run& r);
void with_parley(bench::run& r);
void with_parley_socket_pair(bench::run& r);

}  // namespace capturing
