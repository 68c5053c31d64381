// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A channel to an address.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/export.hpp>
#include <parley/message/any_channel.hpp>
#include <parley/message/channel_maker.hpp>
#include <parley/message/framer.hpp>
#include <parley/message/length_prefix.hpp>
#include <parley/net/address.hpp>
#include <parley/net/connect.hpp>

#include <memory>
#include <utility>

namespace parley {

struct connect_channel_options {
    connect_options connect{};
    channel_options channel{};
};

namespace detail {
PARLEY_EXPORT void start_connect_channel(const executor& io, const address& a,
                                         std::shared_ptr<const channel_maker> maker, const connect_options& options,
                                         completion_handler<void(error_code, any_channel)> handler);
}

/// Connects to `a` and makes a channel of the connection: `unix:`, `tcp:` and what they stand for with messages divided
/// by `framing`; `unix-seqpacket:`, `unix-dgram:` and `udp:`, whose packets are the messages, of at most
/// `framing.limit()` bytes.
///
/// Completion: `void(error_code, any_channel)`; with an error the channel is empty. Errors, cancellation: as
/// `async_connect`; `invalid_argument` for options that cannot work.
template <framer Framer, typename CompletionToken = asio::deferred_t>
auto async_connect_channel(const executor& io, const address& a, Framer framing, const connect_channel_options& options,
                           CompletionToken&& token = {}) {
    return async_start<void(error_code, any_channel)>(
        std::forward<CompletionToken>(token), [io, a, framing = std::move(framing), options](
                                                  completion_handler<void(error_code, any_channel)> handler) mutable {
            detail::start_connect_channel(
                io, a, std::make_shared<detail::channel_maker_of<Framer>>(std::move(framing), options.channel),
                options.connect, std::move(handler));
        });
}

/// The same with the default options.
template <framer Framer, typename CompletionToken = asio::deferred_t>
    requires(!std::convertible_to<CompletionToken, connect_channel_options>)
auto async_connect_channel(const executor& io, const address& a, Framer framing, CompletionToken&& token = {}) {
    return async_connect_channel(io, a, std::move(framing), connect_channel_options{},
                                 std::forward<CompletionToken>(token));
}

/// The same with parley's own framing, `length_prefix`.
template <typename CompletionToken = asio::deferred_t>
    requires(!framer<std::decay_t<CompletionToken>>)
auto async_connect_channel(const executor& io, const address& a, CompletionToken&& token = {}) {
    return async_connect_channel(io, a, length_prefix(), connect_channel_options{},
                                 std::forward<CompletionToken>(token));
}

}  // namespace parley
