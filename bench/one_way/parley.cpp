// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "channels.hpp"
#include "impls.hpp"

namespace one_way {
namespace {

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

template <parley::task<> (*Receive)(checked&, parley::any_channel)>
void receive(bench::run& r, std::size_t bytes, int socket) {
    parley::event_loop loop;
    checked messages(r, bytes);
    boost::asio::co_spawn(loop.get_executor(), Receive(messages, bench::channel_over(loop, socket)), bench::rethrow);
    loop.run();
}

}  // namespace

void with_channel(bench::run& r) { play(r, bench::send_by_channel, receive<receive_all>); }
void with_channel_batch(bench::run& r) { play(r, bench::send_by_channel, receive<receive_batches>); }

}  // namespace one_way
