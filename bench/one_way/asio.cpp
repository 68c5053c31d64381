// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// As one writes it with Asio alone: an async_write for each message, of its length and its bytes, and a buffer to read
// into from which messages are taken.

#include "contenders.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace one_way {
namespace {

namespace asio = boost::asio;
using local = asio::local::stream_protocol;

asio::awaitable<void> send_all(std::size_t bytes, local::socket socket) {
    numbered messages(bytes);
    for (;;) {
        const auto message = messages.next();
        const auto length = static_cast<std::uint32_t>(message.size());
        const std::array<asio::const_buffer, 2> parts{asio::buffer(&length, sizeof length), asio::buffer(message)};
        co_await asio::async_write(socket, parts, asio::use_awaitable);
    }
}

asio::awaitable<void> receive_all(checked& messages, std::size_t bytes, local::socket socket) {
    std::vector<char> in(std::max(std::size_t{65536}, 2 * (bytes + 4)));
    std::size_t have = 0;
    for (;;) {
        have += co_await socket.async_read_some(asio::buffer(in) + have, asio::use_awaitable);
        std::size_t at = 0;
        std::uint32_t length = 0;
        while (have - at >= sizeof length) {
            std::memcpy(&length, in.data() + at, sizeof length);
            if (have - at - sizeof length < length) break;
            if (!messages.take({in.data() + at + sizeof length, length})) co_return;
            at += sizeof length + length;
        }
        std::memmove(in.data(), in.data() + at, have - at);
        have -= at;
    }
}

void send(std::size_t bytes, int socket) {
    asio::io_context io(1);
    asio::co_spawn(io, send_all(bytes, local::socket(io, local(), socket)), bench::rethrow);
    io.run();
}

void receive(bench::run& r, std::size_t bytes, int socket) {
    asio::io_context io(1);
    checked messages(r, bytes);
    asio::co_spawn(io, receive_all(messages, bytes, local::socket(io, local(), socket)), bench::rethrow);
    io.run();
}

}  // namespace

void with_asio(bench::run& r) { play(r, send, receive); }

}  // namespace one_way
