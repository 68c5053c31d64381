// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/rpc/connect.hpp>

#include <parley/core/log.hpp>
#include <parley/core/timeout.hpp>
#include <parley/loop/task_group.hpp>
#include <parley/message/channel_listener.hpp>
#include <parley/message/connect_channel.hpp>

#include "rpc/session.hpp"

#include <spdlog/logger.h>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <variant>

namespace parley::rpc {
namespace {

error no_framing(std::string_view text) {
    return error(parley::errc::invalid_argument,
                 "\"" + std::string(text) + "\" is no framing; there are lines, content-length and length-prefix");
}

result<json_framing> framing_named(std::string_view text) {
    if (text == "lines") return json_framing::lines;
    if (text == "content-length") return json_framing::content_length;
    if (text == "length-prefix") return json_framing::length_prefix;
    return no_framing(text);
}

result<channel_listener> listen_at(const executor& io, const address& where, const serve_options& options) {
    return std::visit(
        [&](auto framing) {
            return listen_channels(io, where, std::move(framing),
                                   {.listen = options.listen, .channel = options.channel});
        },
        options.connection.protocol.framing(options.connection.message_bytes));
}

task<any_channel> open_channel(executor io, address where, connect_rpc_options options) {
    co_return co_await std::visit(
        [&](auto framing) {
            return async_connect_channel(io, where, std::move(framing),
                                         {.connect = options.connect, .channel = options.channel}, asio::use_awaitable);
        },
        options.connection.protocol.framing(options.connection.message_bytes));
}

// Serves one connection until it ends.
task<void> serve_one(any_channel channel, const router& calls, const serve_options& options) {
    connection own(std::move(channel), calls, options.connection);
    if (options.on_connect) options.on_connect(own);
    error_code ec;
    co_await own.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    const auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() == asio::cancellation_type::none) {
        if (options.on_disconnect) options.on_disconnect(own);
        if (own.failure().code()) logger()->info("rpc: a connection has ended: {}", own.failure().message());
        co_return;
    }
    // Within a coroutine that is cancelled nothing can be awaited; what has to be finished gets a state of its own.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await with_timeout(own.async_shutdown(), options.drain, asio::redirect_error(asio::use_awaitable, ec));
    if (options.on_disconnect) options.on_disconnect(own);
}

}  // namespace

result<endpoint> endpoint::parse(std::string_view text) {
    std::string rest(text);
    std::optional<std::string> how, framing;
    const auto query = rest.find('?');
    if (query != std::string::npos) {
        std::string options = rest.substr(query + 1);
        rest.resize(query);
        std::string others;
        for (std::size_t at = 0; at <= options.size();) {
            const auto end = std::min(options.find('&', at), options.size());
            const auto one = options.substr(at, end - at);
            if (one.starts_with("protocol="))
                how = one.substr(9);
            else if (one.starts_with("framing="))
                framing = one.substr(8);
            else
                others += (others.empty() ? "?" : "&") + one;
            at = end + 1;
        }
        rest += others;
    }
    auto where = address::parse(rest);
    if (!where) return where.error();
    endpoint made(std::move(*where));
    if (how) {
        auto named = protocol::named(*how);
        if (!named) return named.error();
        made.protocol = *named;
    }
    if (framing) {
        const auto divided = framing_named(*framing);
        if (!divided) return divided.error();
        if (made.protocol.name() != "json-rpc")
            return error(
                parley::errc::invalid_argument,
                std::string(made.protocol.name()) + " has a framing of its own: leave out framing=" + *framing);
        made.protocol = made.protocol.with_framing(*divided);
    }
    return made;
}

std::ostream& operator<<(std::ostream& out, const endpoint& e) {
    const auto where = to_string(e.address);
    return out << where << (where.find('?') == std::string::npos ? '?' : '&') << "protocol=" << e.protocol.name()
               << e.protocol.framing_option();
}

namespace {

// What is awaited is given copies of its own: the caller's may be gone by then.
task<connection> connect_with(executor io, endpoint where, router calls, connect_rpc_options options) {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    options.connection.protocol = where.protocol;
    const auto dial = [io, address = where.address, options]() -> task<any_channel> {
        return open_channel(io, address, options);
    };
    connection made(co_await dial(), calls, options.connection);
    if (options.reconnect) made.session()->reconnect_by(dial, *options.reconnect);
    co_return made;
}

task<void> serve_with(executor io, endpoint where, router calls, serve_options options) {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    options.connection.protocol = where.protocol;
    auto listener = listen_at(io, where.address, options).value();
    if (options.on_listen) options.on_listen({listener.local_address(), where.protocol});
    co_await with_task_group([&](task_group& group) -> task<void> {
        for (;;) group.spawn(serve_one(co_await listener.async_accept(), calls, options));
    });
}

}  // namespace

task<connection> connect(executor io, endpoint where, router calls, const connect_rpc_options& options) {
    return connect_with(std::move(io), std::move(where), calls, options);
}
task<connection> connect(executor io, endpoint where, router calls) {
    return connect_with(std::move(io), std::move(where), calls, {});
}
task<connection> connect(executor io, endpoint where) { return connect(std::move(io), std::move(where), router()); }
task<connection> connect(executor io, std::string_view where, router calls, const connect_rpc_options& options) {
    return connect_with(std::move(io), endpoint::parse(where).value(), calls, options);
}
task<connection> connect(executor io, std::string_view where, router calls) {
    return connect_with(std::move(io), endpoint::parse(where).value(), calls, {});
}
task<connection> connect(executor io, std::string_view where) { return connect(std::move(io), where, router()); }

task<void> serve(executor io, endpoint where, router calls, const serve_options& options) {
    return serve_with(std::move(io), std::move(where), calls, options);
}
task<void> serve(executor io, endpoint where, router calls) {
    return serve_with(std::move(io), std::move(where), calls, {});
}
task<void> serve(executor io, std::string_view where, router calls, const serve_options& options) {
    return serve_with(std::move(io), endpoint::parse(where).value(), calls, options);
}
task<void> serve(executor io, std::string_view where, router calls) {
    return serve_with(std::move(io), endpoint::parse(where).value(), calls, {});
}

}  // namespace parley::rpc
