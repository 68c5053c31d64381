// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "module.hpp"

#include <grpcpp/grpcpp.h>

#include <string>

BENCH_MODULE const char* bench_version() {
    static const std::string text = grpc::Version();
    return text.c_str();
}
