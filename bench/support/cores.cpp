// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "cores.hpp"

#include <sched.h>

namespace bench {

void pin(cpus where, side which) {
    if (where == cpus::any) return;
    int from_the_end = where == cpus::apart && which == side::there ? 1 : 0;
    cpu_set_t allowed;
    check(::sched_getaffinity(0, sizeof allowed, &allowed), "sched_getaffinity");
    int chosen = -1;
    for (int core = CPU_SETSIZE - 1; core >= 0; --core) {
        if (!CPU_ISSET(core, &allowed)) continue;
        chosen = core;
        if (from_the_end-- == 0) break;
    }
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(chosen, &one);
    check(::sched_setaffinity(0, sizeof one, &one), "sched_setaffinity");
}

}  // namespace bench
