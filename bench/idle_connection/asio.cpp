// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "contenders.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

namespace idle {
namespace {

namespace asio = boost::asio;
using local = asio::local::stream_protocol;

void rethrow(std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
}

asio::awaitable<void> wait_for_something(local::socket session) {
    boost::system::error_code ended;
    co_await session.async_wait(local::socket::wait_read, asio::redirect_error(asio::use_awaitable, ended));
}

asio::awaitable<void> serve(bench::run& r, local::acceptor& acceptor, const bench::place& at) {
    const auto io = co_await asio::this_coro::executor;
    const auto connections = static_cast<std::size_t>(r["connections"]);
    const bool reading = r["reading"] != 0;
    clients others;
    std::vector<local::socket> held;
    double before = 0;
    // The first one is not counted.
    for (std::size_t i = 0; i <= connections; ++i) {
        others.connect_one(at);
        local::socket session = co_await acceptor.async_accept(asio::use_awaitable);
        if (reading)
            asio::co_spawn(io, wait_for_something(std::move(session)), rethrow);
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

}  // namespace

void with_asio(bench::run& r) {
    bench::raise_descriptor_limit();
    const bench::place at;
    asio::io_context io(1);
    local::acceptor acceptor(io, local::endpoint(at.path()));
    asio::co_spawn(io, serve(r, acceptor, at), rethrow);
    io.run();
}

}  // namespace idle
