// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The workloads of this folder, each described by its workload.cpp.
#pragma once

#include "bench.hpp"

namespace rpc_echo {
bench::workload describe();
}
namespace spawning {
bench::workload describe();
}
namespace capturing {
bench::workload describe();
/// The child that is captured: writes so much to standard output. Gives its exit code.
int child_main(long mib);
}  // namespace capturing
namespace connecting {
bench::workload describe();
}
namespace connecting_often {
bench::workload describe();
}
namespace fan_in {
bench::workload describe();
}
namespace fan_out {
bench::workload describe();
}
namespace idle {
bench::workload describe();
}
namespace one_way {
bench::workload describe();
}
namespace passing {
bench::workload describe();
}
namespace ping_pong {
bench::workload describe();
}
namespace waiting {
bench::workload describe();
}
