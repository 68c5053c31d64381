// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the workloads share of parley's channels.
#pragma once

#include "bench.hpp"
#include "numbered.hpp"

#include <parley/loop/event_loop.hpp>
#include <parley/message/channel.hpp>
#include <parley/message/length_prefix.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <cstddef>
#include <utility>

namespace bench {

inline parley::any_channel channel_over(parley::event_loop& loop, int socket) {
    using local = boost::asio::local::stream_protocol;
    return parley::channel(local::socket(loop.context(), local(), socket), parley::length_prefix());
}

inline parley::task<> send_for_ever(std::size_t bytes, parley::any_channel channel) {
    numbered messages(bytes);
    for (;;) {
        const auto message = messages.next();
        // A large one is not copied while it is waited for.
        if (bytes >= 65536 || !channel.try_send(message)) co_await channel.async_send(message);
    }
}

inline void send_by_channel(std::size_t bytes, int socket) {
    parley::event_loop loop;
    boost::asio::co_spawn(loop.get_executor(), send_for_ever(bytes, channel_over(loop, socket)), rethrow);
    loop.run();
}

}  // namespace bench
