// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/version.hpp>

#include "impls.hpp"
#include "module.hpp"
#include "workloads.hpp"

bench::workload rpc_echo::describe() {
    return {
        .name = "rpc_echo",
        .operation = "a call",
        .unit = "calls/s",
        .impls =
            {
                {"raw blocking", "", with_raw},
                {"parley, MessagePack", PARLEY_VERSION_STRING, with_message_pack},
                {"parley, MessagePack, busy polling", PARLEY_VERSION_STRING, with_message_pack_busy},
                {"parley, JSON", PARLEY_VERSION_STRING, with_json},
                {"parley, JSON, busy polling", PARLEY_VERSION_STRING, with_json_busy},
                bench::in_module("ZeroMQ", "zeromq"),
                bench::in_module("nng", "nng", {{"in_flight", 1}}),
                bench::in_module("sd-bus", "sdbus"),
                bench::in_module("Cap'n Proto", "capnp"),
                bench::in_module("gRPC", "grpc"),
            },
        .cases = {{{"in_flight", 1}}, {{"in_flight", 64}}},
        .smoke_cases = {{{"in_flight", 1}}, {{"in_flight", 64}}},
        .where = {bench::cpus::same, bench::cpus::apart},
        .two_sides = true,
    };
}
