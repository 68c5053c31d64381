// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "module.hpp"

#include <capnp/common.h>

#define PARLEY_BENCH_TEXT_OF(x) #x
#define PARLEY_BENCH_TEXT(x) PARLEY_BENCH_TEXT_OF(x)

BENCH_MODULE const char* bench_version() {
    return PARLEY_BENCH_TEXT(CAPNP_VERSION_MAJOR) "." PARLEY_BENCH_TEXT(CAPNP_VERSION_MINOR) "." PARLEY_BENCH_TEXT(
        CAPNP_VERSION_MICRO);
}
