// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "module.hpp"
#include "sdbus_peer.hpp"

#include <deque>

namespace rpc_echo {
namespace {

void append(sd_bus_message* to, const words& what) {
    const std::string text(what.text);
    bench::sd_check(sd_bus_message_append(to, "si", text.c_str(), what.number), "sd_bus_message_append");
}

words read(sd_bus_message* from) {
    const char* text = nullptr;
    std::int32_t number = 0;
    bench::sd_check(sd_bus_message_read(from, "si", &text, &number), "sd_bus_message_read");
    return {text, number};
}

struct asking;

// One of those in flight.
struct slot {
    asking& all;
    call current;
};

struct asking {
    bench::run& measured;
    bench::sd_end bus;
    std::int32_t sent = 0;
    bool more = true;
    std::deque<slot> slots{};

    void start(slot& s);
};

int on_answer(sd_bus_message* answer, void* data, sd_bus_error*) {
    auto& s = *static_cast<slot*>(data);
    bench::require(sd_bus_message_is_method_error(answer, nullptr) == 0, "the call has failed");
    s.current.check(read(answer));
    s.all.more = s.all.measured.add(1);
    s.current = call(s.all.sent++);
    s.all.start(s);
    return 1;
}

void asking::start(slot& s) {
    bench::sd_message question;
    bus.new_call(question, "Call");
    append(question.get(), s.current.asked());
    bench::sd_check(sd_bus_call_async(bus.get(), nullptr, question.get(), on_answer, &s, 0), "sd_bus_call_async");
}

void ask(bench::run& r, long in_flight, int socket) {
    asking calls{r, bench::sd_end(socket, bench::sd_end::client)};
    for (long i = 0; i < in_flight; ++i) calls.start(calls.slots.emplace_back(slot{calls, call(calls.sent++)}));
    while (calls.more) bench::require(calls.bus.process(), "the other side has ended");
}

int on_call(sd_bus_message* question, void*, sd_bus_error*) {
    bench::sd_message answer;
    bench::sd_check(sd_bus_message_new_method_return(question, answer.out()), "sd_bus_message_new_method_return");
    append(answer.get(), read(question));
    bench::sd_check(sd_bus_send(nullptr, answer.get(), nullptr), "sd_bus_send");
    return 1;
}

void answer(int socket) {
    bench::sd_end bus(socket, bench::sd_end::server);
    bus.answer(on_call, nullptr);
    while (bus.process()) {}
}

}  // namespace

BENCH_MODULE void bench_rpc_echo(bench::run& r) { play(r, ask, answer); }

}  // namespace rpc_echo
