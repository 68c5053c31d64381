// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A call that takes too long ends at its deadline, or when who called is cancelled. Either way the handler on the other
// side learns of it and stops.

#include <parley/loop/application.hpp>
#include <parley/net/local.hpp>
#include <parley/rpc/connection.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>

namespace asio = parley::asio;
namespace rpc = parley::rpc;
using namespace std::chrono_literals;

// [server]
parley::task<std::string> search(std::string what, rpc::context& call) {
    try {
        asio::steady_timer work(co_await asio::this_coro::executor, 1h);
        co_await work.async_wait(asio::use_awaitable);
        co_return "found " + what;
    } catch (const boost::system::system_error&) {
        std::cout << "server: no longer looking for " << what << (call.cancelled() ? ", cancelled" : "") << std::endl;
        throw;
    }
}
// [/server]

// [client]
parley::task<> give_up_twice(rpc::peer server) {
    try {
        co_await server.async_call<std::string>(rpc::call_options{.deadline = 20ms}, "search", "the grail");
    } catch (const rpc::call_error& e) {
        std::cout << "client: " << e.code().message() << std::endl;
    }

    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer patience(co_await asio::this_coro::executor, 20ms);
    const auto first =
        co_await (server.async_call<std::string>("search", "Atlantis") || patience.async_wait(asio::use_awaitable));
    std::cout << "client: " << (first.index() == 0 ? "an answer" : "out of patience") << std::endl;
}
// [/client]

parley::task<> both() {
    const auto executor = co_await asio::this_coro::executor;
    auto [left, right] = parley::make_socket_pair<asio::local::stream_protocol>(executor).value();
    rpc::router functions;
    functions.on("search", search);
    rpc::connection server(std::move(right), functions);
    rpc::connection client(std::move(left));
    co_await give_up_twice(client);
    while (client.counters().late_answers != 2) {  // what the server has said of it, too late
        asio::steady_timer soon(executor, 1ms);
        co_await soon.async_wait(asio::use_awaitable);
    }
    std::cout << "server: " << server.counters() << std::endl;
}

int main() { return parley::run(both()); }
