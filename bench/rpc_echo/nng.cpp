// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "module.hpp"
#include "nng_peer.hpp"

#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>

#include <string>

namespace rpc_echo {
namespace {

void ask(bench::run& r, long, const char* path) {
    bench::nng_peer socket(nng_req0_open);
    socket.dial(("ipc://" + std::string(path)).c_str());
    std::int32_t number = 0;
    do {
        const call next(number++);
        const auto bytes = pack(next.asked());
        socket.send({bytes.data(), bytes.size()});
        next.check(unpack(socket.receive()));
    } while (r.add(1));
}

void answer(const char* path) {
    bench::nng_peer socket(nng_rep0_open);
    socket.listen(("ipc://" + std::string(path)).c_str());
    for (;;) {
        const auto bytes = pack(unpack(socket.receive()));
        socket.send({bytes.data(), bytes.size()});
    }
}

}  // namespace

BENCH_MODULE void bench_rpc_echo(bench::run& r) { play_at(r, ask, answer); }

}  // namespace rpc_echo
