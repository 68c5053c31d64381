// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Connections to an address, and those that others make.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/error.hpp>
#include <parley/core/timer.hpp>
#include <parley/message/any_channel.hpp>
#include <parley/net/address.hpp>
#include <parley/net/connect.hpp>
#include <parley/net/listen.hpp>
#include <parley/rpc/connection.hpp>
#include <parley/rpc/export.hpp>
#include <parley/rpc/protocol.hpp>
#include <parley/rpc/router.hpp>

#include <chrono>
#include <concepts>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string_view>
#include <utility>

namespace parley::rpc {

/// An address, and the protocol that is spoken there: "unix:/run/calc.sock?protocol=msgpack-rpc". The option `protocol`
/// is one of `protocol::named`; `framing` is "lines", "content-length" or "length-prefix" and for JSON-RPC alone. All
/// other options are those of `address`.
struct endpoint {
    parley::address address;
    rpc::protocol protocol{};

    endpoint(parley::address where) : address(std::move(where)) {}
    endpoint(parley::address where, rpc::protocol how) : address(std::move(where)), protocol(how) {}

    /// The text that `parse` takes.
    PARLEY_RPC_EXPORT friend std::ostream& operator<<(std::ostream& out, const endpoint& e);
    /// Errors: those of `address::parse`; `invalid_argument` for a protocol or framing that there is not.
    [[nodiscard]] PARLEY_RPC_EXPORT static result<endpoint> parse(std::string_view text);
};

struct connect_rpc_options {
    connect_options connect{};
    channel_options channel{};
    /// Its protocol is that of the endpoint.
    connection_options connection{};
    /// Connects again where the connection is lost. Calls that wait then fail with `errc::disconnected`, unless they
    /// are `idempotent`: those are sent again. Calls that are made meanwhile wait. Without it, what is lost stays lost.
    std::optional<reconnect_options> reconnect{};
};

/// Connects to `where` and calls the other side; `calls` is what the other side may call.
///
///     auto server = co_await rpc::connect(executor, "unix:/run/calc.sock");
///
/// The protocol is that of the text. Throws system_error: those of `endpoint::parse` and `async_connect_channel`.
/// Cancellation: all types, `operation_aborted`.
/// (GCC 12 miscompiles aggregates that are written within a `co_await` expression: give options a name.)
PARLEY_RPC_EXPORT task<connection> connect(executor io, std::string_view where, router calls,
                                           const connect_rpc_options& options);
PARLEY_RPC_EXPORT task<connection> connect(executor io, std::string_view where, router calls);
PARLEY_RPC_EXPORT task<connection> connect(executor io, std::string_view where);
PARLEY_RPC_EXPORT task<connection> connect(executor io, endpoint where, router calls,
                                           const connect_rpc_options& options);
PARLEY_RPC_EXPORT task<connection> connect(executor io, endpoint where, router calls);
PARLEY_RPC_EXPORT task<connection> connect(executor io, endpoint where);

struct serve_options {
    listen_options listen{};
    channel_options channel{};
    /// Its protocol is that of the endpoint.
    connection_options connection{};
    /// Called once it listens, with where: the number of a port that the kernel chose, for one.
    std::function<void(const endpoint&)> on_listen{};
    /// How long connections have, when `serve` is cancelled, to finish the calls that run; then they are closed.
    saturated<std::chrono::steady_clock::duration> drain{std::chrono::seconds(2)};
    /// Called with each new connection, before anything of it is read: to greet, to keep its `peer`.
    std::function<void(const peer&)> on_connect{};
    /// Called when a connection has ended, with the same `peer`.
    std::function<void(const peer&)> on_disconnect{};
};

/// Listens at `where` and serves `calls` to everybody who connects, until it is cancelled.
///
///     co_await rpc::serve(executor, "unix:/run/calc.sock", calls);
///
/// A connection that fails ends alone. A cancellation stops accepting, lets the calls that run finish for `drain`,
/// closes and throws `operation_aborted`. Throws system_error: those of `endpoint::parse` and `listen_channels`.
/// Cancellation: all types.
PARLEY_RPC_EXPORT task<void> serve(executor io, std::string_view where, router calls, const serve_options& options);
PARLEY_RPC_EXPORT task<void> serve(executor io, std::string_view where, router calls);
PARLEY_RPC_EXPORT task<void> serve(executor io, endpoint where, router calls, const serve_options& options);
PARLEY_RPC_EXPORT task<void> serve(executor io, endpoint where, router calls);

/// The same on an `event_loop`, an io_context, a socket: whatever has an executor.
template <typename Context>
    requires(!std::convertible_to<Context&, executor>)
task<connection> connect(Context& context, std::string_view where, router calls, const connect_rpc_options& options) {
    return connect(executor(context.get_executor()), where, calls, options);
}
template <typename Context>
    requires(!std::convertible_to<Context&, executor>)
task<connection> connect(Context& context, std::string_view where, router calls) {
    return connect(executor(context.get_executor()), where, calls);
}
template <typename Context>
    requires(!std::convertible_to<Context&, executor>)
task<connection> connect(Context& context, std::string_view where) {
    return connect(executor(context.get_executor()), where);
}
template <typename Context>
    requires(!std::convertible_to<Context&, executor>)
task<void> serve(Context& context, std::string_view where, router calls, const serve_options& options) {
    return serve(executor(context.get_executor()), where, calls, options);
}
template <typename Context>
    requires(!std::convertible_to<Context&, executor>)
task<void> serve(Context& context, std::string_view where, router calls) {
    return serve(executor(context.get_executor()), where, calls);
}

}  // namespace parley::rpc
