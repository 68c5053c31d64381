// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/version.hpp>

#include "contenders.hpp"

#include <boost/version.hpp>

#ifdef PARLEY_BENCH_LIBUV
#include <uv.h>
#endif

int main(int argc, char* argv[]) {
    using namespace connecting;
    const bench::workload what{
        .name = "connect",
        .unit = "connections/s",
        .contenders =
            {
                {"plain Asio", BOOST_LIB_VERSION, with_asio},
                {"parley", PARLEY_VERSION_STRING, with_parley},
                {"parley, policy", PARLEY_VERSION_STRING, with_parley_policy},
                {"raw epoll", "", with_raw},
#ifdef PARLEY_BENCH_LIBUV
                {"libuv", uv_version_string(), with_libuv},
#endif
            },
        .cases = {{{"in_flight", 1}}, {{"in_flight", 16}}},
        .smoke_cases = {{{"in_flight", 2}}},
    };
    return bench::main_of(what, argc, argv);
}
