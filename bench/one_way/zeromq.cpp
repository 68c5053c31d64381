// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "module.hpp"
#include "zeromq_peer.hpp"

namespace one_way {
namespace {

void send(std::size_t bytes, const char* path) { bench::push_by_zeromq(bytes, 0, path); }

void receive(bench::run& r, std::size_t bytes, const char* path) {
    checked messages(r, bytes);
    bench::pull_by_zeromq(path, [&](const char* data, std::size_t size) { return messages.take({data, size}); });
}

}  // namespace

BENCH_MODULE void bench_one_way(bench::run& r) { play_at(r, send, receive); }

}  // namespace one_way
