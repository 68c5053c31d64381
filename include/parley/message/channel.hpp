// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A channel made from a stream and a framing.
#pragma once

#include <parley/message/any_channel.hpp>
#include <parley/message/channel_wire.hpp>
#include <parley/message/framer.hpp>

#include <concepts>
#include <memory>
#include <utility>

namespace parley {

/// What carries messages: an AsyncReadStream and AsyncWriteStream of Asio's kind that closes (a UNIX or TCP socket, an
/// `asio::ssl::stream`, a `pty`, a `stream_pair`), or a connected socket that keeps the borders of packets.
template <typename Stream>
concept channel_stream =
    std::move_constructible<Stream> && (detail::reads_some<Stream> || detail::waits<Stream>)&&(
                                           detail::writes_some<Stream> || detail::waits<Stream>)&&requires(Stream& s) {
        { s.get_executor() } -> std::convertible_to<executor>;
    };

/// An `any_channel` over a `stream` of bytes or packets, whose messages are divided by `framing`.
///
///     channel messages(std::move(socket), length_prefix());
///     co_await messages.async_send("hello");
///     while (const auto message = co_await messages.async_receive()) use(*message);
///
/// Converts to `any_channel` by moving; nothing is lost by that but the type of the stream. Packets want the framing
/// `datagram`. The stream belongs to the channel from here on; what was read from it before is not seen.
template <channel_stream Stream, framer Framer>
class channel : public any_channel {
public:
    using stream_type = Stream;
    using framer_type = Framer;

    /// Throws system_error: `invalid_argument` for a stream that is not open, and for packets with another framing.
    explicit channel(Stream stream, Framer framing, const channel_options& options = {})
        : any_channel(std::make_unique<wire_type>(std::move(stream), std::move(framing)), options) {}

    /// The stream, to set options and to ask who is at its other end; not to read, write, or close. Throws
    /// system_error, `bad_descriptor`, for a channel that was moved from.
    Stream& stream() { return static_cast<wire_type&>(wire()).stream(); }

private:
    using wire_type = detail::wire_of<Stream, Framer>;
};

}  // namespace parley
