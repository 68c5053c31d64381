// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/version.hpp>

#include "impls.hpp"
#include "module.hpp"
#include "workloads.hpp"

#include <boost/version.hpp>

bench::workload connecting::describe() {
    return {
        .name = "connect",
        .operation = "a connection",
        .unit = "connections/s",
        .impls =
            {
                {"plain Asio", BOOST_LIB_VERSION, with_asio},
                {"parley", PARLEY_VERSION_STRING, with_parley},
                {"parley, policy", PARLEY_VERSION_STRING, with_parley_policy},
                {"raw epoll", "", with_raw},
                bench::in_module("libuv", "libuv"),
            },
        .cases = {{{"in_flight", 1}}, {{"in_flight", 16}}},
        .smoke_cases = {{{"in_flight", 2}}},
        .where = {bench::cpus::any},
    };
}
