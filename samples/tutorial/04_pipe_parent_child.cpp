// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A pipe from parent to child, and one back: the parent writes lines, the child makes them upper case. Then a pipe of
// our own, which the child finds at a number that we chose, and a pipe whose reader has gone.

#include <parley/loop/application.hpp>
#include <parley/pipe/pipe.hpp>
#include <parley/process/run.hpp>
#include <parley/process/spawn.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <iostream>
#include <string>

namespace asio = parley::asio;

// [standard_streams]
parley::task<> through_the_standard_streams() {
    const auto executor = co_await asio::this_coro::executor;
    const parley::command upper{.program = "/usr/bin/tr",
                                .arguments = {"a-z", "A-Z"},
                                .in = parley::stdio::pipe(),
                                .out = parley::stdio::pipe()};
    auto child = parley::spawn(executor, upper).value();
    const std::string question = "hello, child\n";
    co_await asio::async_write(child.in(), asio::buffer(question), asio::use_awaitable);
    child.in().close();

    std::string answer;
    co_await asio::async_read_until(child.out(), asio::dynamic_buffer(answer), '\n', asio::use_awaitable);
    std::cout << "the child answers: " << answer << "the child " << co_await child.async_wait() << std::endl;
}
// [/standard_streams]

// [own_pipe]
parley::task<> through_a_pipe_of_our_own() {
    const auto executor = co_await asio::this_coro::executor;
    auto pipe = parley::make_pipe_descriptors().value();
    const parley::command reader{.program = "/bin/sh",
                                 .arguments = {"-c", "read line <&3; echo \"descriptor 3 says: $line\""},
                                 .descriptors = {{pipe.reader.get(), 3}}};
    auto child = parley::spawn(executor, reader).value();
    pipe.reader.reset();  // each side keeps its own end only
    parley::pipe_writer writer(executor, std::move(pipe.writer));
    const std::string line = "a message\n";
    co_await asio::async_write(writer, asio::buffer(line), asio::use_awaitable);
    std::cout << "the child " << co_await child.async_wait() << std::endl;
}
// [/own_pipe]

// [broken_pipe]
parley::task<> without_a_reader() {
    auto pipe = parley::make_pipe(co_await asio::this_coro::executor).value();
    pipe.reader.close();
    const std::string line = "to nobody\n";
    const auto [error, written] =
        co_await asio::async_write(pipe.writer, asio::buffer(line), asio::as_tuple(asio::use_awaitable));
    std::cout << "without a reader: " << error.message() << ", and we are alive" << std::endl;  // no SIGPIPE
}
// [/broken_pipe]

parley::task<> all() {
    co_await through_the_standard_streams();
    co_await through_a_pipe_of_our_own();
    co_await without_a_reader();
}

int main() { return parley::run(all()); }
