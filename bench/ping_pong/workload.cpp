// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/version.hpp>

#include "impls.hpp"
#include "module.hpp"
#include "workloads.hpp"

#include <boost/version.hpp>

bench::workload ping_pong::describe() {
    return {
        .name = "ping_pong",
        .operation = "a round trip",
        .unit = "round trips/s",
        .impls =
            {
                {"raw blocking", "", with_raw},
                {"raw epoll", "", with_raw_epoll},
                {"raw epoll, tries first", "", with_raw_tries},
                {"raw spin", "", with_raw_spin},
                {"raw epoll spin", "", with_raw_epoll_spin},
                {"parley", PARLEY_VERSION_STRING, with_parley},
                {"parley, busy polling", PARLEY_VERSION_STRING, with_parley_busy},
                {"parley channel", PARLEY_VERSION_STRING, with_channel},
                {"parley channel, busy polling", PARLEY_VERSION_STRING, with_channel_busy},
                {"plain Asio callbacks", BOOST_LIB_VERSION, with_asio_callbacks},
                {"plain Asio coroutines", BOOST_LIB_VERSION, with_asio},
                {"Boost.Interprocess queue", BOOST_LIB_VERSION, with_interprocess},
                bench::in_module("libuv", "libuv"),
                bench::in_module("ZeroMQ", "zeromq"),
                bench::in_module("nng", "nng"),
                bench::in_module("sd-bus", "sdbus"),
                bench::in_module("Cap'n Proto", "capnp"),
                bench::in_module("gRPC", "grpc"),
            },
        .cases = {{{"bytes", 64}}, {{"bytes", 65536}}},
        .smoke_cases = {{{"bytes", 65536}}},
        .where = {bench::cpus::same, bench::cpus::apart},
        .two_sides = true,
    };
}
