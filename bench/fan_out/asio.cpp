// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "asio_sender.hpp"
#include "impls.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace fan_out {
namespace {

namespace asio = boost::asio;
using local = asio::local::stream_protocol;

void send(std::size_t bytes, const std::vector<int>& sockets) {
    asio::io_context io(1);
    for (const int socket : sockets)
        asio::co_spawn(io, bench::send_by_asio(bytes, local::socket(io, local(), socket)), bench::rethrow);
    io.run();
}

}  // namespace

void with_asio(bench::run& r) { play(r, send, receive_frames); }

}  // namespace fan_out
