// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "module.hpp"
#include "sdbus_peer.hpp"

#include <systemd/sd-event.h>

#include <deque>

namespace fan_in {
namespace {

void send(std::size_t bytes, int socket) { bench::sd_end(socket, bench::sd_end::client).push(numbered(bytes)); }

struct receiver {
    receiver(bench::run& r, std::size_t bytes, int socket, sd_event* on)
        : messages(r, bytes), bus(socket, bench::sd_end::server), loop(on) {}

    checked messages;
    bench::sd_end bus;
    sd_event* loop;
};

int on_call(sd_bus_message* call, void* data, sd_bus_error*) {
    auto& r = *static_cast<receiver*>(data);
    if (!r.messages.take(bench::read_bytes(call))) sd_event_exit(r.loop, 0);
    return 1;
}

void receive(bench::run& measured, std::size_t bytes, const std::vector<int>& sockets) {
    sd_event* loop = nullptr;
    bench::sd_check(sd_event_new(&loop), "sd_event_new");
    std::deque<receiver> receivers;
    for (const int socket : sockets) {
        auto& r = receivers.emplace_back(measured, bytes, socket, loop);
        r.bus.answer(on_call, &r);
        bench::sd_check(sd_bus_attach_event(r.bus.get(), loop, SD_EVENT_PRIORITY_NORMAL), "sd_bus_attach_event");
    }
    bench::sd_check(sd_event_loop(loop), "sd_event_loop");
    receivers.clear();
    sd_event_unref(loop);
}

}  // namespace

BENCH_MODULE void bench_fan_in(bench::run& r) { play(r, send, receive); }

}  // namespace fan_in
