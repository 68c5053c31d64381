// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/version.hpp>

#include "impls.hpp"
#include "module.hpp"
#include "workloads.hpp"

#include <boost/version.hpp>

bench::workload idle::describe() {
    return {
        .name = "idle_connection",
        .unit = "bytes/connection",
        .impls =
            {
                {"plain Asio", BOOST_LIB_VERSION, with_asio},
                {"parley", PARLEY_VERSION_STRING, with_parley},
                {"parley, generic", PARLEY_VERSION_STRING, with_parley_generic},
                {"parley channel", PARLEY_VERSION_STRING, with_channel},
                {"parley channel, callbacks", PARLEY_VERSION_STRING, with_channel_callbacks},
                bench::in_module("libuv", "libuv"),
            },
        .cases = {{{"connections", 4000}, {"reading", 0}}, {{"connections", 4000}, {"reading", 1}}},
        .smoke_cases = {{{"connections", 50}, {"reading", 1}}},
        .where = {bench::cpus::any},
    };
}
