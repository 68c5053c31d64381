// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "grpc_peer.hpp"
#include "impls.hpp"
#include "module.hpp"
#include "senders.hpp"

namespace one_way {

BENCH_MODULE void bench_one_way(bench::run& r) {
    const auto bytes = static_cast<std::size_t>(r["bytes"]);
    const bench::place at;
    bench::with_senders(
        r.where(), 1, [&](std::size_t) { bench::push_by_grpc(bytes, at.path()); },
        [&] { bench::receive_by_grpc(r, bytes, at.path()); });
}

}  // namespace one_way
