// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "module.hpp"

#include <nng/nng.h>

BENCH_MODULE const char* bench_version() { return nng_version(); }
