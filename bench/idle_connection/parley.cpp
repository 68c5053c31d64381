// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/event_loop.hpp>
#include <parley/message/channel_listener.hpp>
#include <parley/net/listen.hpp>

#include "holding.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <exception>
#include <utility>
#include <vector>

namespace idle {
namespace {

namespace asio = parley::asio;

template <typename Protocol>
void loop(bench::run& r) {
    bench::raise_descriptor_limit();
    const bench::place at;
    parley::event_loop io;
    auto server = parley::listen<Protocol>(io.get_executor(), parley::address::unix_stream(at.path()).value()).value();
    asio::co_spawn(io.get_executor(), hold_all<typename Protocol::socket>(r, server, at),
                   [&](std::exception_ptr failure) {
                       io.stop();
                       bench::rethrow(failure);
                   });
    io.run();
}

parley::task<> wait_for_message(parley::any_channel channel) { co_await channel.async_receive(); }

template <bool Callbacks>
parley::task<> hold_channels(bench::run& r, parley::channel_listener& server, const bench::place& at) {
    const auto connections = static_cast<std::size_t>(r["connections"]);
    const bool reading = r["reading"] != 0;
    clients others;
    std::vector<parley::any_channel> held;
    double before = 0;
    for (std::size_t i = 0; i <= connections; ++i) {
        others.connect_one(at);
        auto channel = co_await server.async_accept();
        if (reading && !Callbacks)
            asio::co_spawn(server.get_executor(), wait_for_message(std::move(channel)), bench::rethrow);
        else
            held.push_back(std::move(channel));
        if (reading && Callbacks) held.back().async_receive([](parley::error_code, auto) {});
        if (i == 0) {
            before = heap_in_use();
            if (!reading || Callbacks) held.reserve(connections + 1);
        }
    }
    co_await asio::post(server.get_executor(), asio::deferred);
    r.set((heap_in_use() - before) / static_cast<double>(connections), 1);
}

template <bool Callbacks>
void channels(bench::run& r) {
    bench::raise_descriptor_limit();
    const bench::place at;
    parley::event_loop io;
    auto server = parley::listen_channels(io.get_executor(), parley::address::unix_stream(at.path()).value()).value();
    asio::co_spawn(io.get_executor(), hold_channels<Callbacks>(r, server, at), [&](std::exception_ptr failure) {
        io.stop();
        bench::rethrow(failure);
    });
    io.run();
}

}  // namespace

void with_channel(bench::run& r) { channels<false>(r); }
void with_channel_callbacks(bench::run& r) { channels<true>(r); }
void with_parley(bench::run& r) { loop<asio::local::stream_protocol>(r); }
void with_parley_generic(bench::run& r) { loop<asio::generic::stream_protocol>(r); }

}  // namespace idle
