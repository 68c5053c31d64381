// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "channels.hpp"
#include "impls.hpp"

#include <deque>

namespace fan_in {
namespace {

parley::task<> receive_all(parley::event_loop& loop, checked& messages, parley::any_channel channel) {
    for (;;) {
        const auto batch = co_await channel.async_receive_batch();
        bench::require(!batch.empty(), "the other side has ended");
        for (const auto message : batch)
            if (!messages.take(message)) co_return loop.stop();
    }
}

void receive(bench::run& r, std::size_t bytes, const std::vector<int>& sockets) {
    parley::event_loop loop;
    std::deque<checked> messages;
    for (const int socket : sockets)
        boost::asio::co_spawn(loop.get_executor(),
                              receive_all(loop, messages.emplace_back(r, bytes), bench::channel_over(loop, socket)),
                              bench::rethrow);
    loop.run();
}

}  // namespace

void with_channel(bench::run& r) { play(r, bench::send_by_channel, receive); }

}  // namespace fan_in
