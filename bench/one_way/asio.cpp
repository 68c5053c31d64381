// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// As one writes it with Asio alone: an async_write for each message, of its length and its bytes, and a buffer to read
// into from which messages are taken.

#include "asio_sender.hpp"
#include "impls.hpp"
#include "plain_frames.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace one_way {
namespace {

namespace asio = boost::asio;
using local = asio::local::stream_protocol;

asio::awaitable<void> receive_all(checked& messages, std::size_t bytes, local::socket socket) {
    bench::frame_reader in(bytes);
    std::size_t n = 0;
    do n = co_await socket.async_read_some(asio::buffer(in.data(), in.room()), asio::use_awaitable);
    while (in.take(n, messages));
}

void send(std::size_t bytes, int socket) {
    asio::io_context io(1);
    asio::co_spawn(io, bench::send_by_asio(bytes, local::socket(io, local(), socket)), bench::rethrow);
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
