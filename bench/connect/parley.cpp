// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/connect.hpp>
#include <parley/net/listen.hpp>

#include "impls.hpp"

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

namespace asio = parley::asio;
using local = asio::local::stream_protocol;
using listener = parley::basic_listener<local>;

parley::task<> serve(listener& server) {
    for (;;) {
        parley::error_code ended;
        local::socket session = co_await server.async_accept(asio::redirect_error(asio::use_awaitable, ended));
        if (ended) co_return;
    }
}

parley::task<> visit(parley::address where, bench::run& r, int& left, listener& server) {
    const parley::executor io = server.get_executor();
    do {
        local::socket client = co_await parley::async_connect<local>(io, where, asio::use_awaitable);
        char byte = 0;
        parley::error_code ended;
        co_await client.async_read_some(asio::buffer(&byte, 1), asio::redirect_error(asio::use_awaitable, ended));
        bench::require(ended == asio::error::eof, "the server did not close");
    } while (r.add(1));
    if (--left == 0) server.close();
}

void loop(bench::run& r, const parley::listen_options& options) {
    const bench::place at;
    asio::io_context io(1);
    const auto where = parley::address::unix_stream(at.path()).value();
    auto server = parley::listen<local>(io.get_executor(), where, options).value();
    asio::co_spawn(io, serve(server), asio::detached);
    int left = static_cast<int>(r["in_flight"]);
    for (int i = left; i > 0; --i) {
        asio::co_spawn(io, visit(where, r, left, server), [](std::exception_ptr failure) { bench::rethrow(failure); });
    }
    io.run();
}

}  // namespace

void with_parley(bench::run& r) { loop(r, {}); }
void with_parley_policy(bench::run& r) { loop(r, {.policy = parley::peer_policy::same_user()}); }

}  // namespace connecting
