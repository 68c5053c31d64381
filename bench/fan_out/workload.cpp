// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/version.hpp>

#include "impls.hpp"
#include "module.hpp"
#include "workloads.hpp"

#include <boost/version.hpp>

bench::workload fan_out::describe() {
    return {
        .name = "fan_out",
        .operation = "a message that is received",
        .unit = "messages/s",
        .impls =
            {
                {"raw epoll, 64 KiB a write", "", with_raw},
                {"parley channel", PARLEY_VERSION_STRING, with_channel},
                {"plain Asio", BOOST_LIB_VERSION, with_asio},
                bench::in_module("libuv", "libuv"),
                bench::in_module("ZeroMQ", "zeromq"),
            },
        .cases =
            {
                {{"bytes", 64}, {"receivers", 8}},
                {{"bytes", 1024}, {"receivers", 8}},
            },
        .smoke_cases = {{{"bytes", 1024}, {"receivers", 2}}},
        .where = {bench::cpus::apart},
        .two_sides = true,
    };
}
