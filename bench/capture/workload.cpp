// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/version.hpp>

#include "impls.hpp"
#include "module.hpp"
#include "workloads.hpp"

#include <boost/version.hpp>

#include <algorithm>
#include <string>

#include <unistd.h>

int capturing::child_main(long mib) {
    const std::string block(block_size, 'x');
    for (std::size_t left = static_cast<std::size_t>(mib) << 20; left > 0;) {
        const auto written = ::write(STDOUT_FILENO, block.data(), std::min(left, block.size()));
        if (written < 0) return 1;
        left -= static_cast<std::size_t>(written);
    }
    return 0;
}

namespace {

#ifdef PARLEY_BENCH_PYTHON
void with_python(bench::run& r) {
    bench::run_script(r, "capture/capture.py", {std::to_string(r["mib"]), bench::own_path()});
}
#endif

}  // namespace

bench::workload capturing::describe() {
    return {
        .name = "capture",
        .operation = "a capture",
        .unit = "MiB/s",
        .impls =
            {
                {"raw pipe", "", with_pipe},
                {"parley", PARLEY_VERSION_STRING, with_parley},
                {"parley, socket pair", PARLEY_VERSION_STRING, with_parley_socket_pair},
                {"raw pipe, realloc", "", with_reallocation},
                {"raw pipe, nothing kept", "", without_keeping},
                {"raw 1 MiB pipe", "", with_large_pipe},
                {"raw socket pair", "", with_socket_pair},
                {"popen", "", with_popen},
                {"Boost.Process v2", BOOST_LIB_VERSION, with_boost_process},
                bench::in_module("libuv", "libuv"),
#ifdef PARLEY_BENCH_PYTHON
                {"Python", PARLEY_BENCH_PYTHON_VERSION, with_python},
#endif
            },
        .cases = {{{"mib", 64}}},
        .smoke_cases = {{{"mib", 1}}},
        .where = {bench::cpus::any},
    };
}
