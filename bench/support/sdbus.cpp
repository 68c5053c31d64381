// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "module.hpp"

// The library does not say its version.
BENCH_MODULE const char* bench_version() { return PARLEY_BENCH_SDBUS_VERSION; }
