// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Channels over sockets that come from an address. For connect_channel.hpp and channel_listener.hpp; programs have no
// use for it.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/export.hpp>
#include <parley/message/any_channel.hpp>
#include <parley/message/channel_wire.hpp>
#include <parley/message/framer.hpp>
#include <parley/net/protocol.hpp>

#include <boost/asio/generic/stream_protocol.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace parley::detail {

class channel_budget;

/// A framing with its type taken away, and options.
class PARLEY_EXPORT channel_maker {
public:
    explicit channel_maker(const channel_options& options) : options_(options) {}
    channel_maker(const channel_maker&) = delete;
    channel_maker& operator=(const channel_maker&) = delete;
    virtual ~channel_maker();

    /// A channel over `connection`, whose socket is of the shape that was asked for. Closes it on an error.
    /// With a `budget` it is shared by all channels of a listener.
    error_code make(const executor& io, const protocol_shape& shape, open_connection& connection,
                    const std::shared_ptr<channel_budget>& budget, any_channel& into) const;

private:
    virtual std::unique_ptr<channel_wire> over_stream(asio::generic::stream_protocol::socket socket) const = 0;
    virtual std::size_t limit() const noexcept = 0;
    std::unique_ptr<channel_wire> over_packets(const executor& io, const protocol_shape& shape,
                                               open_connection& connection) const;

    channel_options options_;
};

template <framer Framer>
class channel_maker_of final : public channel_maker {
public:
    channel_maker_of(Framer framing, const channel_options& options)
        : channel_maker(options), framing_(std::move(framing)) {}

private:
    std::unique_ptr<channel_wire> over_stream(asio::generic::stream_protocol::socket socket) const override {
        return std::make_unique<wire_of<asio::generic::stream_protocol::socket, Framer>>(std::move(socket),
                                                                                         Framer(framing_));
    }
    std::size_t limit() const noexcept override { return framing_.limit(); }

    Framer framing_;
};

}  // namespace parley::detail
