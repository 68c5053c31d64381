// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "capnp_peer.hpp"
#include "impls.hpp"
#include "module.hpp"

#include <deque>

namespace fan_in {
namespace {

void send(std::size_t bytes, int socket) { bench::push_by_capnp(socket, numbered(bytes)); }

void receive(bench::run& r, std::size_t bytes, const std::vector<int>& sockets) {
    bench::capnp_loop loop;
    auto over = kj::newPromiseAndFulfiller<void>();
    std::deque<checked> messages;
    std::deque<bench::capnp_server> servers;
    for (const int socket : sockets)
        servers.emplace_back(
            loop, socket, kj::heap<bench::capnp_receiver<checked>>(messages.emplace_back(r, bytes), *over.fulfiller));
    over.promise.wait(loop.scope());
}

}  // namespace

BENCH_MODULE void bench_fan_in(bench::run& r) { play(r, send, receive); }

}  // namespace fan_in
