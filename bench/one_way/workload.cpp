// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/version.hpp>

#include "impls.hpp"
#include "module.hpp"
#include "workloads.hpp"

#include <boost/version.hpp>

bench::workload one_way::describe() {
    return {
        .name = "one_way",
        .operation = "a message",
        .unit = "messages/s",
        .impls =
            {
                {"raw, 64 KiB a write", "", with_raw},
                {"raw, a write each", "", with_raw_writes},
                {"parley channel", PARLEY_VERSION_STRING, with_channel},
                {"parley channel, batches", PARLEY_VERSION_STRING, with_channel_batch},
                {"plain Asio", BOOST_LIB_VERSION, with_asio},
                {"Boost.Interprocess queue", BOOST_LIB_VERSION, with_interprocess},
                bench::in_module("libuv", "libuv"),
                bench::in_module("ZeroMQ", "zeromq"),
                bench::in_module("sd-bus", "sdbus"),
                bench::in_module("Cap'n Proto", "capnp"),
                bench::in_module("gRPC", "grpc"),
            },
        .cases =
            {
                {{"bytes", 64}},
                {{"bytes", 1024}},
                {{"bytes", 65536}},
                {{"bytes", 1048576}},
            },
        .smoke_cases = {{{"bytes", 1024}}},
        .where = {bench::cpus::apart},
        .two_sides = true,
    };
}
