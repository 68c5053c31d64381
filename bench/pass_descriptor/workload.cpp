// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/version.hpp>

#include "impls.hpp"
#include "workloads.hpp"

bench::workload passing::describe() {
    return {
        .name = "pass_descriptor",
        .operation = "a message",
        .unit = "descriptors/s",
        .impls =
            {
                {"raw blocking", "", with_raw},
                {"raw blocking, registered", "", with_raw_registered},
                {"raw epoll", "", with_raw_epoll},
                {"parley", PARLEY_VERSION_STRING, with_parley},
                {"parley, try", PARLEY_VERSION_STRING, with_parley_try},
            },
        .cases = {{{"fds", 1}}, {{"fds", 16}}},
        .smoke_cases = {{{"fds", 2}}},
        .where = {bench::cpus::any},
    };
}
