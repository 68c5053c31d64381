// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How one sends messages with Asio alone.
#pragma once

#include "numbered.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace bench {

/// Sends messages for ever, an async_write for each, of its length and its bytes.
inline boost::asio::awaitable<void> send_by_asio(std::size_t bytes,
                                                 boost::asio::local::stream_protocol::socket socket) {
    namespace asio = boost::asio;
    numbered messages(bytes);
    for (;;) {
        const auto message = messages.next();
        const auto length = static_cast<std::uint32_t>(message.size());
        const std::array<asio::const_buffer, 2> parts{asio::buffer(&length, sizeof length), asio::buffer(message)};
        co_await asio::async_write(socket, parts, asio::use_awaitable);
    }
}

}  // namespace bench
