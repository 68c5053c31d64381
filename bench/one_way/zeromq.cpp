// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "contenders.hpp"

#include <zmq.h>

namespace one_way {
namespace {

void send(std::size_t bytes, const char* path) {
    void* const context = zmq_ctx_new();
    void* const socket = zmq_socket(context, ZMQ_PUSH);
    bench::check(zmq_connect(socket, path), "zmq_connect");
    numbered messages(bytes);
    for (;;) {
        const auto message = messages.next();
        bench::check(zmq_send(socket, message.data(), message.size(), 0), "zmq_send");
    }
}

void receive(bench::run& r, std::size_t bytes, const char* path) {
    void* const context = zmq_ctx_new();
    void* const socket = zmq_socket(context, ZMQ_PULL);
    bench::check(zmq_bind(socket, path), "zmq_bind");
    checked messages(r, bytes);
    zmq_msg_t message;
    zmq_msg_init(&message);
    do bench::check(zmq_msg_recv(&message, socket, 0), "zmq_msg_recv");
    while (messages.take({static_cast<const char*>(zmq_msg_data(&message)), zmq_msg_size(&message)}));
    zmq_msg_close(&message);
    zmq_close(socket);
    zmq_ctx_term(context);
}

}  // namespace

void with_zeromq(bench::run& r) { play_at(r, send, receive); }

}  // namespace one_way
