// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "module.hpp"
#include "numbered.hpp"
#include "sdbus_peer.hpp"

namespace ping_pong {
namespace {

void ask(bench::run& r, std::size_t bytes, int socket) {
    bench::sd_end bus(socket, bench::sd_end::client);
    bench::question message(bytes);
    do {
        bench::sd_message call, reply;
        bus.new_call(call, "Echo");
        bench::append_bytes(call.get(), message.next_text());
        bench::sd_check(sd_bus_call(bus.get(), call.get(), 0, nullptr, reply.out()), "sd_bus_call");
        message.check_answer(bench::read_bytes(reply.get()));
    } while (r.add(1));
}

int on_call(sd_bus_message* call, void*, sd_bus_error*) {
    bench::sd_message reply;
    bench::sd_check(sd_bus_message_new_method_return(call, reply.out()), "sd_bus_message_new_method_return");
    bench::append_bytes(reply.get(), bench::read_bytes(call));
    bench::sd_check(sd_bus_send(nullptr, reply.get(), nullptr), "sd_bus_send");
    return 1;
}

void echo(std::size_t, int socket) {
    bench::sd_end bus(socket, bench::sd_end::server);
    bus.answer(on_call, nullptr);
    while (bus.process()) {}
}

}  // namespace

BENCH_MODULE void bench_ping_pong(bench::run& r) { play(r, make_ends(), ask, echo); }

}  // namespace ping_pong
