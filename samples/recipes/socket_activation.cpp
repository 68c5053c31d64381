// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A parent opens a socket and starts the server with it, the way systemd does: nobody who connects early is turned
// away, and the server needs no right to open the socket. With the word "serve" it is the server; systemd may start it,
// too:
//
//     systemd-socket-activate --listen=/tmp/greet.sock --fdname=greet ./socket_activation serve

#include <parley/loop/application.hpp>
#include <parley/net/connect.hpp>
#include <parley/net/listen.hpp>
#include <parley/process/spawn.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <iostream>
#include <string>
#include <string_view>

#include <unistd.h>

namespace asio = parley::asio;

// [server]
parley::task<> serve() {
    const auto handed = parley::address::parse("systemd:greet").value();
    auto server = parley::listen(co_await asio::this_coro::executor, handed).value();
    std::cout << "server: listening at " << server.local_address().kind() << std::endl;
    auto caller = co_await server.async_accept();
    const std::string greeting = "hello, you came before I was there\n";
    co_await asio::async_write(caller, asio::buffer(greeting), asio::use_awaitable);
}
// [/server]

// [parent]
parley::task<> start_the_server() {
    const auto executor = co_await asio::this_coro::executor;
    const auto where = parley::address::parse("unix:@parley-activation-" + std::to_string(::getpid())).value();
    auto door = parley::listen(executor, where).value();
    auto early = co_await parley::async_connect(executor, where);  // no server yet: it waits in the backlog

    parley::command server{.program = "/proc/self/exe", .arguments = {"serve"}};
    server.sockets = {{"greet", door.native_handle()}};
    auto child = parley::spawn(executor, server).value();

    std::string said;
    co_await asio::async_read_until(early, asio::dynamic_buffer(said), '\n', asio::use_awaitable);
    std::cout << "client: " << said << "server " << co_await child.async_wait() << std::endl;
}
// [/parent]

int main(int count, char** words) {
    if (count > 1 && std::string_view(words[1]) == "serve") return parley::run(serve());
    return parley::run(start_the_server());
}
