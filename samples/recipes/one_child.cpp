// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The least there is to a child: started, read, waited for. docs/life-of-a-child.md explains what strace shows of it.

#include <parley/loop/application.hpp>
#include <parley/process/spawn.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>
#include <string>

namespace asio = parley::asio;

// [one_child]
parley::task<> one_child() {
    const auto io = co_await asio::this_coro::executor;
    const parley::command program{
        .program = "/bin/echo", .arguments = {"hello"}, .directory = "/", .out = parley::stdio::pipe()};
    parley::child child = parley::spawn(io, program).value();
    std::string line;
    co_await asio::async_read_until(child.out(), asio::dynamic_buffer(line), '\n', asio::use_awaitable);
    std::cout << line << co_await child.async_wait() << std::endl;
}
// [/one_child]

int main() { return parley::run(one_child()); }
