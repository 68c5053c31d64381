// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "module.hpp"
#include "numbered.hpp"
#include "zeromq_peer.hpp"

namespace ping_pong {
namespace {

void ask(bench::run& r, std::size_t bytes, const char* path) {
    bench::zmq_end socket(ZMQ_PAIR, zmq_bind, path);
    bench::question message(bytes);
    do {
        socket.send(message.next_text());
        message.check_answer(socket.receive());
    } while (r.add(1));
}

void echo(std::size_t, const char* path) {
    bench::zmq_end socket(ZMQ_PAIR, zmq_connect, path);
    for (;;) socket.send(socket.receive());
}

}  // namespace

BENCH_MODULE void bench_ping_pong(bench::run& r) { play_at(r, ask, echo); }

}  // namespace ping_pong
