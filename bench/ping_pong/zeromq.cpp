// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "module.hpp"
#include "numbered.hpp"
#include "zeromq_peer.hpp"

#include <zmq.h>

namespace ping_pong {
namespace {

// One end of a PAIR.
class end {
public:
    end(const char* path, int (*attach)(void*, const char*)) {
        bench::check(attach(socket_, path), "zmq_bind or connect");
    }
    end(const end&) = delete;
    end& operator=(const end&) = delete;
    ~end() {
        zmq_msg_close(&message_);
        zmq_close(socket_);
        zmq_ctx_term(context_);
    }

    void send(std::string_view bytes) { bench::check(zmq_send(socket_, bytes.data(), bytes.size(), 0), "zmq_send"); }
    /// Good until the next one is received.
    std::string_view receive() {
        bench::check(zmq_msg_recv(&message_, socket_, 0), "zmq_msg_recv");
        return {static_cast<const char*>(zmq_msg_data(&message_)), zmq_msg_size(&message_)};
    }

private:
    void* context_ = zmq_ctx_new();
    void* socket_ = zmq_socket(context_, ZMQ_PAIR);
    zmq_msg_t message_ = [] {
        zmq_msg_t empty;
        zmq_msg_init(&empty);
        return empty;
    }();
};

void ask(bench::run& r, std::size_t bytes, const char* path) {
    end socket(path, zmq_bind);
    bench::question message(bytes);
    do {
        socket.send(message.next_text());
        message.check_answer(socket.receive());
    } while (r.add(1));
}

void echo(std::size_t, const char* path) {
    end socket(path, zmq_connect);
    for (;;) socket.send(socket.receive());
}

}  // namespace

BENCH_MODULE void bench_ping_pong(bench::run& r) { play_at(r, ask, echo); }

}  // namespace ping_pong
