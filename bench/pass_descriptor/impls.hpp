// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Sends a byte with "fds" descriptors over a UNIX stream socket pair, receives and closes them, again and again. One
// thread does both sides, so that nothing but the work counts.
#pragma once

#include "bench.hpp"

namespace passing {

/// A descriptor to send: /dev/null.
int open_something();

void with_raw(bench::run& r);
void with_raw_registered(bench::run& r);
void with_raw_epoll(bench::run& r);
void with_parley(bench::run& r);
void with_parley_try(bench::run& r);

}  // namespace passing
