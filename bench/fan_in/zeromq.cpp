// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "contenders.hpp"

#include <zmq.h>

#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace fan_in {
namespace {

// Which sender it is goes behind the number.
void send(std::size_t bytes, std::size_t sender, const char* path) {
    void* const context = zmq_ctx_new();
    void* const socket = zmq_socket(context, ZMQ_PUSH);
    bench::check(zmq_connect(socket, path), "zmq_connect");
    numbered messages(bytes);
    for (;;) {
        const auto message = messages.next();
        const_cast<char*>(message.data())[sizeof(std::uint64_t)] = static_cast<char>(sender);
        bench::check(zmq_send(socket, message.data(), message.size(), 0), "zmq_send");
    }
}

void receive(bench::run& r, std::size_t bytes, std::size_t senders, const char* path) {
    void* const context = zmq_ctx_new();
    void* const socket = zmq_socket(context, ZMQ_PULL);
    bench::check(zmq_bind(socket, path), "zmq_bind");
    std::deque<checked> messages;
    for (std::size_t i = 0; i < senders; ++i) messages.emplace_back(r, bytes);
    zmq_msg_t message;
    zmq_msg_init(&message);
    for (bool more = true; more;) {
        bench::check(zmq_msg_recv(&message, socket, 0), "zmq_msg_recv");
        const std::string_view text(static_cast<const char*>(zmq_msg_data(&message)), zmq_msg_size(&message));
        more = messages.at(static_cast<std::size_t>(text[sizeof(std::uint64_t)])).take(text);
    }
    zmq_msg_close(&message);
    zmq_close(socket);
    zmq_ctx_term(context);
}

}  // namespace

void with_zeromq(bench::run& r) {
    const bench::place at;
    const std::string where = "ipc://" + at.path();
    play(
        r, [&](std::size_t bytes, std::size_t sender) { send(bytes, sender, where.c_str()); },
        [&](std::size_t bytes, std::size_t senders) { receive(r, bytes, senders, where.c_str()); });
}

}  // namespace fan_in
