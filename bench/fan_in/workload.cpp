// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/version.hpp>

#include "impls.hpp"
#include "module.hpp"
#include "workloads.hpp"

#include <boost/version.hpp>

bench::workload fan_in::describe() {
    return {
        .name = "fan_in",
        .operation = "a message",
        .unit = "messages/s",
        .impls =
            {
                {"raw epoll, 64 KiB a write", "", with_raw},
                {"parley channel", PARLEY_VERSION_STRING, with_channel},
                {"plain Asio", BOOST_LIB_VERSION, with_asio},
                {"Boost.Interprocess queue", BOOST_LIB_VERSION, with_interprocess},
                bench::in_module("ZeroMQ", "zeromq"),
                bench::in_module("sd-bus", "sdbus"),
                bench::in_module("Cap'n Proto", "capnp"),
                bench::in_module("gRPC", "grpc"),
            },
        .cases =
            {
                {{"bytes", 64}, {"senders", 8}},
                {{"bytes", 1024}, {"senders", 8}},
            },
        .smoke_cases = {{{"bytes", 1024}, {"senders", 2}}},
        .where = {bench::cpus::apart},
        .two_sides = true,
    };
}
