// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/event_loop.hpp>
#include <parley/message/channel.hpp>
#include <parley/message/length_prefix.hpp>

#include "contenders.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <deque>
#include <utility>

namespace fan_in {
namespace {

namespace asio = parley::asio;
using local = asio::local::stream_protocol;

parley::any_channel over(parley::event_loop& loop, int socket) {
    return parley::channel(local::socket(loop.context(), local(), socket), parley::length_prefix());
}

parley::task<> send_all(std::size_t bytes, parley::any_channel channel) {
    numbered messages(bytes);
    for (;;) {
        const auto message = messages.next();
        if (!channel.try_send(message)) co_await channel.async_send(message);
    }
}

parley::task<> receive_all(parley::event_loop& loop, checked& messages, parley::any_channel channel) {
    for (;;) {
        const auto batch = co_await channel.async_receive_batch();
        bench::require(!batch.empty(), "the other side has ended");
        for (const auto message : batch)
            if (!messages.take(message)) co_return loop.stop();
    }
}

void send(std::size_t bytes, int socket) {
    parley::event_loop loop;
    asio::co_spawn(loop.get_executor(), send_all(bytes, over(loop, socket)), bench::rethrow);
    loop.run();
}

void receive(bench::run& r, std::size_t bytes, const std::vector<int>& sockets) {
    parley::event_loop loop;
    std::deque<checked> messages;
    for (const int socket : sockets)
        asio::co_spawn(loop.get_executor(), receive_all(loop, messages.emplace_back(r, bytes), over(loop, socket)),
                       bench::rethrow);
    loop.run();
}

}  // namespace

void with_channel(bench::run& r) { play_over_sockets(r, send, receive); }

}  // namespace fan_in
