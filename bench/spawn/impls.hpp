// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Starts /bin/true, waits for its end, sees that it is a success, and does it again; "in_flight" of them at a time.
// Every child inherits the standard streams.
#pragma once

#include "bench.hpp"

namespace spawning {

inline constexpr const char* program = "/bin/true";

void with_vfork(bench::run& r);
void with_clean_vfork(bench::run& r);
void with_fork(bench::run& r);
void with_posix_spawn(bench::run& r);
void with_boost_process(bench::run& r);
void with_parley(bench::run& r);

}  // namespace spawning
