// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/version.hpp>

#include "contenders.hpp"

#include <boost/version.hpp>

#ifdef PARLEY_BENCH_LIBUV
#include <uv.h>
#endif

#include <algorithm>
#include <string_view>

#include <unistd.h>

namespace capturing {

child_command child_of(const bench::run& r) {
    return {bench::own_path(), {"--child", std::to_string(r["mib"])}, static_cast<std::size_t>(r["mib"]) << 20};
}

}  // namespace capturing

namespace {

int child_main(long mib) {
    const std::string block(capturing::block_size, 'x');
    for (std::size_t left = static_cast<std::size_t>(mib) << 20; left > 0;) {
        const auto written = ::write(STDOUT_FILENO, block.data(), std::min(left, block.size()));
        if (written < 0) return 1;
        left -= static_cast<std::size_t>(written);
    }
    return 0;
}

#ifdef PARLEY_BENCH_PYTHON
void with_python(bench::run& r) {
    bench::run_script(r, "capture/capture.py", {std::to_string(r["mib"]), bench::own_path()});
}
#endif

}  // namespace

int main(int argc, char* argv[]) {
    using namespace capturing;
    if (argc == 3 && std::string_view(argv[1]) == "--child") return child_main(std::stol(argv[2]));
    const bench::workload what{
        .name = "capture",
        .unit = "MiB/s",
        .contenders =
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
#ifdef PARLEY_BENCH_LIBUV
                {"libuv", uv_version_string(), with_libuv},
#endif
#ifdef PARLEY_BENCH_PYTHON
                {"Python", PARLEY_BENCH_PYTHON_VERSION, with_python},
#endif
            },
        .cases = {{{"mib", 64}}},
        .smoke_cases = {{{"mib", 1}}},
    };
    return bench::main_of(what, argc, argv);
}
