// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A stream that is hard to use.
#pragma once

#include "socket_tools.hpp"

#include <boost/asio/buffer.hpp>

#include <cstdint>
#include <utility>

namespace parley::test {

/// A stream that takes and gives 1 to 7 bytes at a time, and whose end is a message of its own, as that of TLS is.
class choppy_stream {
public:
    using executor_type = local_stream::socket::executor_type;

    explicit choppy_stream(local_stream::socket socket) : socket_(std::move(socket)) {}

    executor_type get_executor() { return socket_.get_executor(); }
    void close() { socket_.close(); }

    template <typename Handler>
    void async_read_some(asio::mutable_buffer into, Handler handler) {
        socket_.async_read_some(asio::buffer(into, some()), std::move(handler));
    }
    template <typename Handler>
    void async_write_some(asio::const_buffer bytes, Handler handler) {
        socket_.async_write_some(asio::buffer(bytes, some()), std::move(handler));
    }
    template <typename Handler>
    void async_shutdown(Handler handler) {
        socket_.shutdown(local_stream::socket::shutdown_send);
        socket_.async_wait(local_stream::socket::wait_read, std::move(handler));  // for the end of the other side
    }

private:
    std::size_t some() { return 1 + (random_ = random_ * 1664525 + 1013904223) / 65536 % 7; }

    local_stream::socket socket_;
    std::uint32_t random_ = 17;
};

}  // namespace parley::test
