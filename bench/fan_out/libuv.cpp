// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "libuv_peer.hpp"
#include "module.hpp"

#include <uv.h>

#include <deque>

namespace fan_out {
namespace {

void send(std::size_t bytes, const std::vector<int>& sockets) {
    uv_loop_t loop;
    bench::require(uv_loop_init(&loop) == 0, "uv_loop_init");
    std::deque<bench::uv_sender> senders;
    for (const int socket : sockets) senders.emplace_back(loop, bytes, socket);
    uv_run(&loop, UV_RUN_DEFAULT);
}

}  // namespace

BENCH_MODULE void bench_fan_out(bench::run& r) { play(r, send, receive_frames); }

}  // namespace fan_out
