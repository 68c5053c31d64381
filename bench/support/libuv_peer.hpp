// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the workloads share of libuv.
#pragma once

#include "bench.hpp"
#include "numbered.hpp"

#include <uv.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace bench {

/// Sends messages for ever over a socket, with their length before them.
class uv_sender {
public:
    uv_sender(uv_loop_t& loop, std::size_t bytes, int socket) : messages_(bytes) {
        uv_pipe_init(&loop, &pipe_, 0);
        pipe_.data = this;
        require(uv_pipe_open(&pipe_, socket) == 0, "uv_pipe_open");
        send_next();
    }
    uv_sender(const uv_sender&) = delete;
    uv_sender& operator=(const uv_sender&) = delete;

private:
    // The next message goes when this one has gone: libuv makes one system call for each request.
    void send_next() {
        const auto message = messages_.next();
        length_ = static_cast<std::uint32_t>(message.size());
        const std::array<uv_buf_t, 2> parts{
            uv_buf_init(reinterpret_cast<char*>(&length_), sizeof length_),
            uv_buf_init(const_cast<char*>(message.data()), static_cast<unsigned>(message.size()))};
        uv_write(&request_, reinterpret_cast<uv_stream_t*>(&pipe_), parts.data(), 2,
                 [](uv_write_t* request, int status) {
                     require(status == 0, "uv_write");
                     static_cast<uv_sender*>(request->handle->data)->send_next();
                 });
    }

    numbered messages_;
    std::uint32_t length_ = 0;
    uv_pipe_t pipe_{};
    uv_write_t request_{};
};

}  // namespace bench
