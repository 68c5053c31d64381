// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "capnp_peer.hpp"
#include "impls.hpp"
#include "module.hpp"
#include "numbered.hpp"

namespace ping_pong {
namespace {

void ask(bench::run& r, std::size_t bytes, int socket) {
    bench::capnp_client client(socket);
    auto echo = client.echo();
    bench::question message(bytes);
    do {
        auto call = echo.echoRequest();
        call.setBytes(bench::to_bytes(message.next_text()));
        const auto answer = call.send().wait(client.scope());
        message.check_answer(bench::to_view(answer.getBytes()));
    } while (r.add(1));
}

void echo(std::size_t, int socket) {
    bench::capnp_loop loop;
    bench::capnp_server server(loop, socket, kj::heap<bench::capnp_echo>());
    server.ended().wait(loop.scope());
}

}  // namespace

BENCH_MODULE void bench_ping_pong(bench::run& r) { play(r, make_ends(), ask, echo); }

}  // namespace ping_pong
