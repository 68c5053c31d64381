// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "capnp_peer.hpp"
#include "impls.hpp"
#include "module.hpp"

namespace one_way {
namespace {

void send(std::size_t bytes, int socket) { bench::push_by_capnp(socket, numbered(bytes)); }

void receive(bench::run& r, std::size_t bytes, int socket) {
    bench::capnp_loop loop;
    checked messages(r, bytes);
    auto over = kj::newPromiseAndFulfiller<void>();
    bench::capnp_server server(loop, socket, kj::heap<bench::capnp_receiver<checked>>(messages, *over.fulfiller));
    over.promise.wait(loop.scope());
}

}  // namespace

BENCH_MODULE void bench_one_way(bench::run& r) { play(r, send, receive); }

}  // namespace one_way
