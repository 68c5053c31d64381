// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "channels.hpp"
#include "impls.hpp"

namespace fan_out {
namespace {

void send(std::size_t bytes, const std::vector<int>& sockets) {
    parley::event_loop loop;
    for (const int socket : sockets)
        boost::asio::co_spawn(loop.get_executor(), bench::send_for_ever(bytes, bench::channel_over(loop, socket)),
                              bench::rethrow);
    loop.run();
}

parley::task<> receive_all(received& messages, parley::any_channel channel) {
    for (;;) {
        const auto batch = co_await channel.async_receive_batch();
        bench::require(!batch.empty(), "the other side has ended");
        for (const auto message : batch) messages.take(message);
    }
}

void receive(received& messages, std::size_t, int socket) {
    parley::event_loop loop;
    boost::asio::co_spawn(loop.get_executor(), receive_all(messages, bench::channel_over(loop, socket)),
                          bench::rethrow);
    loop.run();
}

}  // namespace

void with_channel(bench::run& r) { play(r, send, receive); }

}  // namespace fan_out
