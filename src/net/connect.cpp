// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/connect.hpp>

#include <parley/core/timeout.hpp>
#include <parley/core/timer.hpp>

#include "core/operation.hpp"
#include "core/syscall_net.hpp"
#include "net/connect_line.hpp"
#include "net/connect_race.hpp"
#include "net/open_socket.hpp"
#include "net/path_kind.hpp"
#include "net/resolve.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <sys/socket.h>

namespace parley {
namespace {

using detail::open_connection;

[[noreturn]] void fail(const error_code& ec) { throw boost::system::system_error(ec); }

// One attempt at once: a UNIX socket is connected, or is not, when connect(2) returns; a datagram socket is.
result<open_connection> connect_now(const address& a, const detail::socket_type& type) {
    const auto native = to_socket_address(a);
    if (!native) return native.error();
    auto fd = detail::open_socket(a, type);
    if (!fd) return fd.error();
    if (const auto ec = sys::connect(fd->get(), native->data(), native->size)) return detail::refused_connect(a, ec);
    return open_connection{std::move(*fd), type.family};
}

result<open_connection> take_connected(const address& a, const detail::protocol_shape& shape) {
    auto copy = sys::duplicate(a.fd());
    if (!copy) return detail::address_error(a, copy.error(), "");
    const auto type = detail::type_of_socket(copy->get());
    if (!type) return detail::address_error(a, type.error().code(), "");
    if (!detail::fits(*type, shape)) return detail::wrong_protocol(a);
    if (const auto ec = sys::is_connected(copy->get())) return detail::address_error(a, ec, "");
    return open_connection{std::move(*copy), type->family};
}

// What needs no waiting, and UNIX sockets whose server has room.
result<open_connection> try_at_once(const address& a, const detail::protocol_shape& shape) {
    switch (a.kind()) {
        case address_kind::descriptor:
            return take_connected(a, shape);
        case address_kind::unix_stream:
        case address_kind::unix_seqpacket:
        case address_kind::unix_datagram: {
            const auto type = detail::socket_type_for(a);
            if (!detail::fits(type, shape)) return detail::wrong_protocol(a);
            return connect_now(a, type);
        }
        default:
            return detail::address_error(a, make_error_code(errc::invalid_argument), "nobody to connect to");
    }
}

task<open_connection> connect_by_name(executor io, address a, std::chrono::milliseconds attempt_delay) {
    const auto places = co_await resolve(io, a);
    if (a.kind() == address_kind::tcp) co_return co_await first_to_connect(io, places, attempt_delay);
    error_code last = asio::error::host_not_found;
    for (const auto& place : places) {  // a datagram socket connects at once
        auto connected = connect_now(place, detail::socket_type_for(place));
        if (connected) co_return std::move(*connected);
        last = connected.error().code();
    }
    fail(last);
}

task<open_connection> wait_in_line(std::shared_ptr<detail::connect_in_line> waiting) {
    co_return co_await async_start<void(error_code, open_connection)>(
        asio::use_awaitable,
        [&](detail::connect_in_line::handler_type handler) { waiting->start(std::move(handler)); });
}

// With its deadline.
task<open_connection> bounded(task<open_connection> connecting, std::optional<std::chrono::milliseconds> limit) {
    if (limit) co_return co_await with_timeout(std::move(connecting), *limit);
    co_return co_await std::move(connecting);
}

bool is_internet(const address& a) { return a.kind() == address_kind::tcp || a.kind() == address_kind::udp; }

}  // namespace

void detail::start_connect(const executor& io, const address& a, const protocol_shape& shape,
                           const connect_options& options,
                           completion_handler<void(error_code, open_connection)> handler) {
    const auto limit = options.timeout ? options.timeout : a.options().connect_timeout;
    const auto run = [&](task<open_connection> connecting) {
        run_operation(io, std::move(handler), bounded(std::move(connecting), limit));
    };
    if (is_internet(a)) {
        const bool has_policy = options.policy && !options.policy->admits_anyone();
        if (has_policy || !fits(socket_type_for(a), shape))
            return post_completion(io, std::move(handler), make_error_code(errc::invalid_argument), open_connection{});
        return run(connect_by_name(io, a, options.attempt_delay));
    }
    socket_address to;
    std::string line;  // empty where there is nothing to wait for
    if (a.is_unix() && fits(socket_type_for(a), shape)) {
        const auto native = to_socket_address(a);
        if (!native) return post_completion(io, std::move(handler), native.error().code(), open_connection{});
        to = *native;
        line = connect_in_line::name_of_line(to, socket_type_for(a));
    }
    const auto wait = [&] {
        auto waiting = std::make_shared<connect_in_line>(io, line, a, to, options.policy);
        if (limit) return run(wait_in_line(std::move(waiting)));
        waiting->start(std::move(handler));
    };
    if (!line.empty() && place_in_line::is_line(io, line)) return wait();
    auto connected = try_at_once(a, shape);
    auto ec = connected ? check_peer(connected->fd.get(), options.policy) : connected.error().code();
    if (is_full(ec) && !line.empty()) return wait();
    post_completion(io, std::move(handler), ec, ec ? open_connection{} : std::move(*connected));
}

}  // namespace parley
