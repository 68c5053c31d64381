// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/event_loop.hpp>
#include <parley/net/listen.hpp>

#include "contenders.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
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

namespace asio = parley::asio;

void rethrow(std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
}

template <typename Socket>
parley::task<> wait_for_something(Socket session) {
    parley::error_code ended;
    co_await session.async_wait(Socket::wait_read, asio::redirect_error(asio::use_awaitable, ended));
}

template <typename Protocol>
parley::task<> serve(bench::run& r, parley::basic_listener<Protocol>& server, const bench::place& at) {
    const parley::executor io = server.get_executor();
    const auto connections = static_cast<std::size_t>(r["connections"]);
    const bool reading = r["reading"] != 0;
    clients others;
    std::vector<typename Protocol::socket> held;
    double before = 0;
    // The first one is not counted.
    for (std::size_t i = 0; i <= connections; ++i) {
        others.connect_one(at);
        auto session = co_await server.async_accept(asio::use_awaitable);
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

template <typename Protocol>
void loop(bench::run& r) {
    bench::raise_descriptor_limit();
    const bench::place at;
    parley::event_loop io;
    auto server = parley::listen<Protocol>(io.get_executor(), parley::address::unix_stream(at.path()).value()).value();
    asio::co_spawn(io.get_executor(), serve(r, server, at), [&](std::exception_ptr failure) {
        io.stop();
        rethrow(failure);
    });
    io.run();
}

}  // namespace

void with_parley(bench::run& r) { loop<asio::local::stream_protocol>(r); }
void with_parley_generic(bench::run& r) { loop<asio::generic::stream_protocol>(r); }

}  // namespace idle
