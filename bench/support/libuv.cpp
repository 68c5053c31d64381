// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "module.hpp"

#include <uv.h>

BENCH_MODULE const char* bench_version() { return uv_version_string(); }
