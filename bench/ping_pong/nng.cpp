// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "module.hpp"
#include "nng_peer.hpp"
#include "numbered.hpp"

#include <nng/protocol/pair0/pair.h>

namespace ping_pong {
namespace {

void ask(bench::run& r, std::size_t bytes, const char* path) {
    bench::nng_peer socket(nng_pair0_open);
    socket.listen(path);
    bench::question message(bytes);
    do {
        socket.send(message.next_text());
        message.check_answer(socket.receive());
    } while (r.add(1));
}

void echo(std::size_t, const char* path) {
    bench::nng_peer socket(nng_pair0_open);
    socket.dial(path);
    for (;;) socket.send(socket.receive());
}

}  // namespace

BENCH_MODULE void bench_ping_pong(bench::run& r) { play_at(r, ask, echo); }

}  // namespace ping_pong
