// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the workloads share of ZeroMQ.
#pragma once

#include "bench.hpp"
#include "numbered.hpp"

#include <zmq.h>

#include <cstddef>

namespace bench {

/// Pushes messages for ever.
inline void push_by_zeromq(std::size_t bytes, std::size_t sender, const char* path) {
    void* const context = zmq_ctx_new();
    void* const socket = zmq_socket(context, ZMQ_PUSH);
    check(zmq_connect(socket, path), "zmq_connect");
    numbered messages(bytes, sender);
    for (;;) {
        const auto message = messages.next();
        check(zmq_send(socket, message.data(), message.size(), 0), "zmq_send");
    }
}

/// Pulls messages at `path` until `take(data, size)` is false.
template <typename Take>
void pull_by_zeromq(const char* path, Take take) {
    void* const context = zmq_ctx_new();
    void* const socket = zmq_socket(context, ZMQ_PULL);
    check(zmq_bind(socket, path), "zmq_bind");
    zmq_msg_t message;
    zmq_msg_init(&message);
    do check(zmq_msg_recv(&message, socket, 0), "zmq_msg_recv");
    while (take(static_cast<const char*>(zmq_msg_data(&message)), zmq_msg_size(&message)));
    zmq_msg_close(&message);
    zmq_close(socket);
    zmq_ctx_term(context);
}

}  // namespace bench
