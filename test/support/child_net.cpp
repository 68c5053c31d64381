// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "child_net.hpp"

#include <parley/net/activation.hpp>
#include <parley/net/listen.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <cstddef>
#include <exception>

namespace {

using namespace parley;

task<> serve_one(std::string name) {
    const auto place = address::systemd(name).value();
    auto server = listen(co_await asio::this_coro::executor, place).value();
    auto session = co_await server.async_accept(asio::use_awaitable);
    const auto text = name + " at " + to_string(server.local_address()) + "\n";
    co_await asio::async_write(session, asio::buffer(text), asio::use_awaitable);
}

}  // namespace

int serve_activated(const std::vector<std::string>& w) {
    if (activated_names().size() != w.size()) return 3;
    asio::io_context io;
    std::size_t failed = 0;
    for (const auto& name : w) asio::co_spawn(io, serve_one(name), [&](std::exception_ptr e) { failed += e ? 1 : 0; });
    io.run();
    return failed == 0 ? 0 : 4;
}
