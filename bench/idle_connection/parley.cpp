// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/event_loop.hpp>
#include <parley/net/listen.hpp>

#include "holding.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <exception>

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

}  // namespace

void with_parley(bench::run& r) { loop<asio::local::stream_protocol>(r); }
void with_parley_generic(bench::run& r) { loop<asio::generic::stream_protocol>(r); }

}  // namespace idle
