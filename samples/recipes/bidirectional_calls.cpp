// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Both sides of one connection call each other: the one who is asked to greet asks back who it is.

#include <parley/loop/application.hpp>
#include <parley/net/local.hpp>
#include <parley/rpc/connection.hpp>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>

#include <iostream>
#include <string>
#include <utility>

namespace asio = parley::asio;
namespace rpc = parley::rpc;

// [calls]
parley::task<> converse() {
    auto [left, right] =
        parley::make_socket_pair<asio::local::stream_protocol>(co_await asio::this_coro::executor).value();

    rpc::router server_functions;
    server_functions.on("greet", [](std::string language, rpc::context& call) -> parley::task<std::string> {
        const auto caller = call.peer();
        const auto name = co_await caller.async_call<std::string>("your_name");
        caller.try_notify("heard", name.size());  // no answer is expected
        co_return (language == "de" ? "Guten Tag, " : "Hello, ") + name;
    });
    rpc::router client_functions;
    client_functions.on("your_name", [] { return std::string("Ada"); });
    client_functions.on("heard", [](int letters) { std::cout << "my name has " << letters << " letters\n"; });

    rpc::connection server(std::move(right), server_functions);
    rpc::connection client(std::move(left), client_functions);
    std::cout << co_await client.async_call<std::string>("greet", "en") << "\n";
    std::cout << co_await client.async_call<std::string>("greet", "de") << "\n";
    std::cout << "client: " << client.counters() << std::endl;
}
// [/calls]

int main() { return parley::run(converse()); }
