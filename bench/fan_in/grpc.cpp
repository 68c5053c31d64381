// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "grpc_peer.hpp"
#include "impls.hpp"
#include "module.hpp"
#include "senders.hpp"

namespace fan_in {

BENCH_MODULE void bench_fan_in(bench::run& r) {
    const auto bytes = static_cast<std::size_t>(r["bytes"]);
    const bench::place at;
    bench::with_senders(
        r.where(), static_cast<std::size_t>(r["senders"]), [&](std::size_t) { bench::push_by_grpc(bytes, at.path()); },
        [&] { bench::receive_by_grpc(r, bytes, at.path()); });
}

}  // namespace fan_in
