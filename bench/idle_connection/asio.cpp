// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "holding.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

namespace idle {
namespace {

namespace asio = boost::asio;
using local = asio::local::stream_protocol;

}  // namespace

void with_asio(bench::run& r) {
    bench::raise_descriptor_limit();
    const bench::place at;
    asio::io_context io(1);
    local::acceptor acceptor(io, local::endpoint(at.path()));
    asio::co_spawn(io, hold_all<local::socket>(r, acceptor, at), bench::rethrow);
    io.run();
}

}  // namespace idle
