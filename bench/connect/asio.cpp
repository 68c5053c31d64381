// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>

namespace connecting {
namespace {

namespace asio = boost::asio;
using local = asio::local::stream_protocol;

asio::awaitable<void> serve(local::acceptor& acceptor) {
    for (;;) {
        boost::system::error_code ended;
        local::socket session = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, ended));
        if (ended) co_return;
    }
}

asio::awaitable<void> visit(local::endpoint where, bench::run& r, int& left, local::acceptor& acceptor) {
    const auto io = co_await asio::this_coro::executor;
    do {
        local::socket client(io);
        co_await client.async_connect(where, asio::use_awaitable);
        char byte = 0;
        boost::system::error_code ended;
        co_await client.async_read_some(asio::buffer(&byte, 1), asio::redirect_error(asio::use_awaitable, ended));
        bench::require(ended == asio::error::eof, "the server did not close");
    } while (r.add(1));
    if (--left == 0) acceptor.close();
}

}  // namespace

void with_asio(bench::run& r) {
    const bench::place at;
    asio::io_context io(1);
    local::acceptor acceptor(io, local::endpoint(at.path()));
    asio::co_spawn(io, serve(acceptor), asio::detached);
    int left = static_cast<int>(r["in_flight"]);
    for (int i = left; i > 0; --i) {
        asio::co_spawn(io, visit(local::endpoint(at.path()), r, left, acceptor),
                       [](std::exception_ptr failure) { bench::rethrow(failure); });
    }
    io.run();
}

}  // namespace connecting
