// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/version.hpp>

#include "contenders.hpp"

#include <fcntl.h>

namespace passing {

int open_something() { return bench::check(::open("/dev/null", O_RDWR | O_CLOEXEC), "open /dev/null"); }

}  // namespace passing

int main(int argc, char* argv[]) {
    using namespace passing;
    const bench::workload what{
        .name = "pass_descriptor",
        .unit = "descriptors/s",
        .contenders =
            {
                {"raw blocking", "", with_raw},
                {"raw epoll", "", with_raw_epoll},
                {"parley", PARLEY_VERSION_STRING, with_parley},
                {"parley, try", PARLEY_VERSION_STRING, with_parley_try},
            },
        .cases = {{{"fds", 1}}, {{"fds", 16}}},
        .smoke_cases = {{{"fds", 2}}},
    };
    return bench::main_of(what, argc, argv);
}
