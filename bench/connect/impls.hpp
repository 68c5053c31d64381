// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Connects to a UNIX stream listener in the same process, which accepts and closes; the client sees the end and closes.
// "in_flight" clients do so at once, each again and again. One thread does both sides.
#pragma once

#include "bench.hpp"

namespace connecting {

void with_raw(bench::run& r);
void with_asio(bench::run& r);
void with_parley(bench::run& r);
void with_parley_policy(bench::run& r);

}  // namespace connecting
