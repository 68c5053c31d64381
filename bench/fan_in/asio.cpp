// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "plain_frames.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <utility>

namespace fan_in {
namespace {

namespace asio = boost::asio;
using local = asio::local::stream_protocol;

asio::awaitable<void> receive_all(asio::io_context& io, checked& messages, std::size_t bytes, local::socket socket) {
    bench::frame_reader in(bytes);
    std::size_t n = 0;
    do n = co_await socket.async_read_some(asio::buffer(in.data(), in.room()), asio::use_awaitable);
    while (in.take(n, messages));
    io.stop();
}

void receive(bench::run& r, std::size_t bytes, const std::vector<int>& sockets) {
    asio::io_context io(1);
    std::deque<checked> messages;
    for (const int socket : sockets)
        asio::co_spawn(io, receive_all(io, messages.emplace_back(r, bytes), bytes, local::socket(io, local(), socket)),
                       bench::rethrow);
    io.run();
}

}  // namespace

void with_asio(bench::run& r) { play(r, bench::send_gathered, receive); }

}  // namespace fan_in
