// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/resource_limit.hpp>

namespace parley {

std::string_view resource_name(int resource) noexcept {
    switch (resource) {
        case RLIMIT_AS:
            return "AS";
        case RLIMIT_CORE:
            return "CORE";
        case RLIMIT_CPU:
            return "CPU";
        case RLIMIT_DATA:
            return "DATA";
        case RLIMIT_FSIZE:
            return "FSIZE";
        case RLIMIT_LOCKS:
            return "LOCKS";
        case RLIMIT_MEMLOCK:
            return "MEMLOCK";
        case RLIMIT_MSGQUEUE:
            return "MSGQUEUE";
        case RLIMIT_NICE:
            return "NICE";
        case RLIMIT_NOFILE:
            return "NOFILE";
        case RLIMIT_NPROC:
            return "NPROC";
        case RLIMIT_RSS:
            return "RSS";
        case RLIMIT_RTPRIO:
            return "RTPRIO";
        case RLIMIT_RTTIME:
            return "RTTIME";
        case RLIMIT_SIGPENDING:
            return "SIGPENDING";
        case RLIMIT_STACK:
            return "STACK";
        default:
            return {};
    }
}

}  // namespace parley
