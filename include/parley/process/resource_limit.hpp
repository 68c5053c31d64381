// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a child may use at most.
#pragma once

#include <parley/core/export.hpp>

#include <string_view>

#include <sys/resource.h>

namespace parley {

/// One limit of setrlimit(2). The soft limit is what the kernel enforces, the hard limit what the child may raise it
/// to.
struct resource_limit {
    int resource;  ///< RLIMIT_NOFILE, RLIMIT_CORE, RLIMIT_AS, ...
    rlim_t soft;   ///< in the resource's own unit: bytes, seconds or a count; `unlimited`
    rlim_t hard;   ///< the same unit; raising it above the parent's needs CAP_SYS_RESOURCE

    static constexpr rlim_t unlimited = RLIM_INFINITY;

    friend bool operator==(const resource_limit&, const resource_limit&) = default;
};

/// "NOFILE" for RLIMIT_NOFILE and so on; empty for a number that Linux does not know.
PARLEY_EXPORT std::string_view resource_name(int resource) noexcept;

}  // namespace parley
