// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "module.hpp"
#include "zeromq_peer.hpp"

#include <string>

namespace rpc_echo {
namespace {

void ask(bench::run& r, long in_flight, const char* path) {
    bench::zmq_end socket(ZMQ_DEALER, zmq_connect, "ipc://" + std::string(path));
    std::int32_t sent = 0;
    const auto send = [&] {
        const auto bytes = pack(call(sent++).asked());
        socket.send({bytes.data(), bytes.size()});
    };
    for (long i = 0; i < in_flight; ++i) send();
    std::int32_t answered = 0;
    for (;;) {
        call(answered++).check(unpack(socket.receive()));
        if (!r.add(1)) return;
        send();
    }
}

void answer(const char* path) {
    bench::zmq_end socket(ZMQ_ROUTER, zmq_bind, "ipc://" + std::string(path));
    for (;;) {
        socket.send(socket.receive(), ZMQ_SNDMORE);  // who asks
        const auto bytes = pack(unpack(socket.receive()));
        socket.send({bytes.data(), bytes.size()});
    }
}

}  // namespace

BENCH_MODULE void bench_rpc_echo(bench::run& r) { play_at(r, ask, answer); }

}  // namespace rpc_echo
