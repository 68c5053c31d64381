// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Channels that others open at an address.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/message/any_channel.hpp>
#include <parley/message/channel_maker.hpp>
#include <parley/message/framer.hpp>
#include <parley/message/held.hpp>
#include <parley/message/length_prefix.hpp>
#include <parley/net/address.hpp>
#include <parley/net/listen.hpp>

#include <memory>
#include <utility>

namespace parley {

struct listen_channel_options {
    listen_options listen{};
    channel_options channel{};
    /// What all its channels may hold together for peers that have not finished what they began.
    held_options held{};
};

class channel_listener;

namespace detail {
PARLEY_EXPORT result<channel_listener> open_channel_listener(const executor& io, const address& a,
                                                             const listen_options& options, const held_options& held,
                                                             std::shared_ptr<const channel_maker> maker);
}

/// A stream of channels: each connection that comes is one.
///
///     auto server = listen_channels(io, address::parse("unix:/run/me/socket").value()).value();
///     for (;;) group.spawn(serve(co_await server.async_accept()));
///
/// Its channels share limits for what peers begin and do not finish (`held_options`), also after it was closed.
///
/// Move-only. One thread at a time. The destructor closes. After a move, as one made without a socket, it is closed.
class PARLEY_EXPORT channel_listener {
public:
    channel_listener() noexcept = default;
    channel_listener(channel_listener&& other) noexcept;
    channel_listener& operator=(channel_listener&& other) noexcept;
    ~channel_listener() { close(); }

    /// Empty for a listener that was made without one. One that was moved from keeps it, and completes there.
    executor get_executor() const noexcept { return io_; }

    /// The next one. Completion: `void(error_code, any_channel)`; with an error the channel is empty. Errors,
    /// cancellation, what happens without descriptors: as `basic_listener::async_accept`. Any number may run at once.
    template <typename CompletionToken = asio::deferred_t>
    auto async_accept(CompletionToken&& token = {}) {
        return async_start<void(error_code, any_channel)>(
            std::forward<CompletionToken>(token),
            [this](completion_handler<void(error_code, any_channel)> handler, const executor& own) {
                start_accept(std::move(handler), own);
            });
    }

    /// As those of `basic_listener`.
    const address& local_address() const;
    bool is_open() const noexcept { return state_ && detail::descriptor_of(*state_) >= 0; }
    listener_counters counters() const noexcept;
    /// What all channels that came from here hold together. Any thread that may call the others.
    held_counters held() const;
    void cancel() noexcept {
        if (state_) detail::cancel(*state_);
    }
    void close() noexcept {
        if (state_) detail::close(*state_);
    }

private:
    friend result<channel_listener> detail::open_channel_listener(const executor&, const address&,
                                                                  const listen_options&, const held_options&,
                                                                  std::shared_ptr<const detail::channel_maker>);
    channel_listener(executor io, std::shared_ptr<detail::listener_state> state, detail::protocol_shape shape,
                     std::shared_ptr<const detail::channel_maker> maker, std::shared_ptr<detail::channel_budget> budget)
        : io_(std::move(io)),
          state_(std::move(state)),
          shape_(shape),
          maker_(std::move(maker)),
          budget_(std::move(budget)) {}
    void start_accept(completion_handler<void(error_code, any_channel)> handler, const executor& own);

    executor io_{};
    std::shared_ptr<detail::listener_state> state_;
    detail::protocol_shape shape_{};
    std::shared_ptr<const detail::channel_maker> maker_;
    std::shared_ptr<detail::channel_budget> budget_;
};

/// Listens at `a`: `unix:`, `tcp:`, `fd:` and `systemd:` for streams whose messages are divided by `framing`,
/// `unix-seqpacket:` for packets, of at most `framing.limit()` bytes. Errors: as `listen`.
template <framer Framer = length_prefix>
[[nodiscard]] result<channel_listener> listen_channels(const executor& io, const address& a, Framer framing,
                                                       const listen_channel_options& options = {}) {
    return detail::open_channel_listener(
        io, a, options.listen, options.held,
        std::make_shared<detail::channel_maker_of<Framer>>(std::move(framing), options.channel));
}
template <framer Framer = length_prefix>
[[nodiscard]] result<channel_listener> listen_channels(const executor& io, const address& a) {
    return listen_channels<Framer>(io, a, Framer());
}

}  // namespace parley
