// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/version.hpp>

#include "impls.hpp"
#include "module.hpp"
#include "workloads.hpp"

#include <boost/version.hpp>

namespace {

// The parent has the memory of the case.
template <void work(bench::run&)>
void beside_memory(bench::run& r) {
    const bench::resident_memory memory(r["resident_mib"]);
    work(r);
}

#ifdef PARLEY_BENCH_PYTHON
void with_python(bench::run& r) {
    bench::run_script(r, "spawn/spawn.py", {std::to_string(r["in_flight"]), std::to_string(r["resident_mib"])});
}
#endif

}  // namespace

bench::workload spawning::describe() {
    return {
        .name = "spawn",
        .operation = "a start",
        .unit = "starts/s",
        .impls =
            {
                {"raw vfork", "", beside_memory<with_vfork>},
                {"raw vfork, clean child", "", beside_memory<with_clean_vfork>},
                {"parley", PARLEY_VERSION_STRING, beside_memory<with_parley>},
                {"posix_spawn", "", beside_memory<with_posix_spawn>},
                {"raw fork", "", beside_memory<with_fork>},
                {"Boost.Process v2", BOOST_LIB_VERSION, beside_memory<with_boost_process>},
                bench::in_module("libuv", "libuv"),
#ifdef PARLEY_BENCH_PYTHON
                {"Python", PARLEY_BENCH_PYTHON_VERSION, with_python},
#endif
            },
        .cases =
            {
                {{"in_flight", 1}, {"resident_mib", 0}},
                {{"in_flight", 8}, {"resident_mib", 0}},
                {{"in_flight", 1}, {"resident_mib", 1024}},
                {{"in_flight", 8}, {"resident_mib", 1024}},
            },
        .smoke_cases = {{{"in_flight", 1}, {"resident_mib", 1}}, {{"in_flight", 2}, {"resident_mib", 0}}},
        .where = {bench::cpus::any},
    };
}
