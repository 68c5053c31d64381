// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the implementations on Asio have in common: they accept, and hold what they have accepted.
#pragma once

#include "impls.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace idle {

template <typename Socket>
boost::asio::awaitable<void> wait_for_something(Socket session) {
    namespace asio = boost::asio;
    boost::system::error_code ended;
    co_await session.async_wait(Socket::wait_read, asio::redirect_error(asio::use_awaitable, ended));
}

/// `Server` is an acceptor of Asio's or a listener of parley's, whose connections are `Socket`.
template <typename Socket, typename Server>
boost::asio::awaitable<void> hold_all(bench::run& r, Server& server, const bench::place& at) {
    namespace asio = boost::asio;
    const auto io = co_await asio::this_coro::executor;
    const auto connections = static_cast<std::size_t>(r["connections"]);
    const bool reading = r["reading"] != 0;
    clients others;
    std::vector<Socket> held;
    double before = 0;
    // The first one is not counted.
    for (std::size_t i = 0; i <= connections; ++i) {
        others.connect_one(at);
        Socket session = co_await server.async_accept(asio::use_awaitable);
        if (reading)
            asio::co_spawn(io, wait_for_something(std::move(session)), bench::rethrow);
        else
            held.push_back(std::move(session));
        if (i == 0) {
            before = heap_in_use();
            if (!reading) held.reserve(connections + 1);
        }
    }
    co_await asio::post(io, asio::use_awaitable);
    r.set((heap_in_use() - before) / static_cast<double>(connections), 1);
}

}  // namespace idle
