// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "module.hpp"

#include <zmq.h>

#include <string>

BENCH_MODULE const char* bench_version() {
    int major = 0, minor = 0, patch = 0;
    zmq_version(&major, &minor, &patch);
    static const std::string text = std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
    return text.c_str();
}
