// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A PUSH socket for each receiver: PUB loses what a receiver does not take in time.

#include "impls.hpp"
#include "module.hpp"
#include "zeromq_peer.hpp"

#include <zmq.h>

#include <cerrno>
#include <deque>

namespace fan_out {
namespace {

// What goes to one receiver.
class outgoing {
public:
    outgoing(void* context, std::size_t bytes, const std::string& path)
        : messages_(bytes), next_(messages_.next()), socket_(zmq_socket(context, ZMQ_PUSH)) {
        bench::check(zmq_connect(socket_, path.c_str()), "zmq_connect");
    }

    /// Sends until the queue is full; at most so many that the others wait for long.
    bool send_some() {
        for (int i = 0; i < 64; ++i) {
            if (zmq_send(socket_, next_.data(), next_.size(), ZMQ_DONTWAIT) < 0) {
                bench::require(errno == EAGAIN, "zmq_send");
                return i > 0;
            }
            next_ = messages_.next();
        }
        return true;
    }

    zmq_pollitem_t writable() const { return {socket_, 0, ZMQ_POLLOUT, 0}; }

private:
    numbered messages_;
    std::string_view next_;
    void* socket_;
};

void send(std::size_t bytes, const std::vector<std::string>& paths) {
    void* const context = zmq_ctx_new();
    std::deque<outgoing> receivers;
    std::vector<zmq_pollitem_t> all;
    for (const auto& path : paths) all.push_back(receivers.emplace_back(context, bytes, path).writable());
    for (;;) {
        bool sent = false;
        for (auto& one : receivers) sent |= one.send_some();
        if (!sent) bench::check(zmq_poll(all.data(), static_cast<int>(all.size()), -1), "zmq_poll");
    }
}

void receive(received& messages, std::size_t, const std::string& path) {
    bench::pull_by_zeromq(path.c_str(), [&](const char* data, std::size_t size) {
        return messages.take({data, size});
    });
}

}  // namespace

BENCH_MODULE void bench_fan_out(bench::run& r) { play_at(r, send, receive); }

}  // namespace fan_out
