// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "module.hpp"
#include "senders.hpp"
#include "zeromq_peer.hpp"

#include <string>

namespace fan_in {

BENCH_MODULE void bench_fan_in(bench::run& r) {
    const auto bytes = static_cast<std::size_t>(r["bytes"]);
    const auto senders = static_cast<std::size_t>(r["senders"]);
    const bench::place at;
    const std::string where = "ipc://" + at.path();
    bench::with_senders(
        r.where(), senders, [&](std::size_t sender) { bench::push_by_zeromq(bytes, sender, where.c_str()); },
        [&] {
            checked_by_sender messages(r, bytes, senders);
            bench::pull_by_zeromq(where.c_str(), [&](const char* data, std::size_t size) {
                return messages.take({data, size});
            });
        });
}

}  // namespace fan_in
