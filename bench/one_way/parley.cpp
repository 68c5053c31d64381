// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/event_loop.hpp>
#include <parley/message/channel.hpp>
#include <parley/message/length_prefix.hpp>

#include "contenders.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <utility>

namespace one_way {
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
        // A large one is not copied while it is waited for.
        if (bytes >= 65536 || !channel.try_send(message)) co_await channel.async_send(message);
    }
}

parley::task<> receive_all(checked& messages, parley::any_channel channel) {
    for (;;) {
        auto message = co_await channel.async_receive();
        bench::require(message.has_value(), "the other side has ended");
        do {
            if (!messages.take(*message)) co_return;
        } while ((message = channel.try_receive()));
    }
}

parley::task<> receive_batches(checked& messages, parley::any_channel channel) {
    for (;;) {
        const auto batch = co_await channel.async_receive_batch();
        bench::require(!batch.empty(), "the other side has ended");
        for (const auto message : batch)
            if (!messages.take(message)) co_return;
    }
}

void send(std::size_t bytes, int socket) {
    parley::event_loop loop;
    asio::co_spawn(loop.get_executor(), send_all(bytes, over(loop, socket)), bench::rethrow);
    loop.run();
}

template <parley::task<> (*Receive)(checked&, parley::any_channel)>
void receive(bench::run& r, std::size_t bytes, int socket) {
    parley::event_loop loop;
    checked messages(r, bytes);
    asio::co_spawn(loop.get_executor(), Receive(messages, over(loop, socket)), bench::rethrow);
    loop.run();
}

}  // namespace

void with_channel(bench::run& r) { play(r, send, receive<receive_all>); }
void with_channel_batch(bench::run& r) { play(r, send, receive<receive_batches>); }

}  // namespace one_way
