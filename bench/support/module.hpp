// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Peers whose libraries only their own runs load.
//
// Each library that parley is measured beside is linked by a module, parley-bench-<peer>.so beside the program: if the
// program linked all of them, every run would load them and every fork would copy what they have in memory.
#pragma once

#include "bench.hpp"

#include <string>
#include <utility>

/// What stands before each of the functions that a module has: `bench_version`, and `bench_<workload>` for each
/// workload, with the signature of `bench::work_function`.
#define BENCH_MODULE extern "C" [[gnu::visibility("default")]]

namespace bench {

/// An implementation whose work is in the module of `peer`.
inline impl in_module(std::string name, std::string peer, parameters at_most = {}) {
    return {std::move(name), "", {}, std::move(peer), std::move(at_most)};
}

/// Whether the module of `peer` was built.
bool has_module(const std::string& peer);

/// Fills in what the module of an implementation has for this workload. Throws where it has nothing.
void load_module(impl& of, const std::string& workload);

}  // namespace bench
