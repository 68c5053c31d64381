// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A program of someone who uses parley::rpc. Built in every way in which parley can be had.

#include <parley/net/local.hpp>
#include <parley/rpc/connection.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <iostream>
#include <string>
#include <utility>

int main() {
    boost::asio::io_context context;
    auto [here, there] = parley::make_socket_pair<boost::asio::local::stream_protocol>(context.get_executor()).value();
    parley::rpc::router functions;
    functions.on("greet", [](const std::string& who) { return "hello, " + who; });
    parley::rpc::connection server(std::move(there), functions);
    parley::rpc::connection client(std::move(here));
    bool done = false;
    client.prepare_call<std::string>("greet",
                                     "parley")([&](const std::exception_ptr& failure, const std::string& text) {
        done = !failure;
        std::cout << text << "\n";
        client.close();
    });
    context.run();
    return done ? 0 : 1;
}
