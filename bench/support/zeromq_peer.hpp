// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the workloads share of ZeroMQ.
#pragma once

#include "bench.hpp"
#include "numbered.hpp"

#include <zmq.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace bench {

/// A socket of a type, such as ZMQ_PAIR, that `attach`, zmq_bind or zmq_connect, puts at a path.
class zmq_end {
public:
    zmq_end(int type, int (*attach)(void*, const char*), const std::string& path)
        : socket_(zmq_socket(context_, type)) {
        zmq_msg_init(&message_);
        check(attach(socket_, path.c_str()), "zmq_bind or zmq_connect");
    }
    zmq_end(const zmq_end&) = delete;
    zmq_end& operator=(const zmq_end&) = delete;
    ~zmq_end() {
        zmq_msg_close(&message_);
        const int none = 0;  // what nobody has taken is lost
        zmq_setsockopt(socket_, ZMQ_LINGER, &none, sizeof none);
        zmq_close(socket_);
        zmq_ctx_term(context_);
    }

    void send(std::string_view bytes, int flags = 0) {
        check(zmq_send(socket_, bytes.data(), bytes.size(), flags), "zmq_send");
    }
    /// Good until the next one is received.
    std::string_view receive() {
        check(zmq_msg_recv(&message_, socket_, 0), "zmq_msg_recv");
        return {static_cast<const char*>(zmq_msg_data(&message_)), zmq_msg_size(&message_)};
    }

private:
    void* context_ = zmq_ctx_new();
    void* socket_;
    zmq_msg_t message_;
};

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
