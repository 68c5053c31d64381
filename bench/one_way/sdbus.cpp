// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "module.hpp"
#include "sdbus_peer.hpp"

namespace one_way {
namespace {

void send(std::size_t bytes, int socket) { bench::sd_end(socket, bench::sd_end::client).push(numbered(bytes)); }

struct receiver {
    checked messages;
    bool more = true;
};

int on_call(sd_bus_message* call, void* data, sd_bus_error*) {
    auto& r = *static_cast<receiver*>(data);
    r.more = r.messages.take(bench::read_bytes(call));
    return 1;
}

void receive(bench::run& measured, std::size_t bytes, int socket) {
    bench::sd_end bus(socket, bench::sd_end::server);
    receiver r{checked(measured, bytes)};
    bus.answer(on_call, &r);
    while (r.more) bench::require(bus.process(), "the other side has ended");
}

}  // namespace

BENCH_MODULE void bench_one_way(bench::run& r) { play(r, send, receive); }

}  // namespace one_way
