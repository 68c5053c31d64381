// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A server of two processes that wait at one socket: the kernel chooses who answers, and a worker that fails is
// replaced. The program opens the socket, starts the server with it, calls it a few times, and ends it.

#include <parley/loop/application.hpp>
#include <parley/process/prefork.hpp>
#include <parley/process/spawn.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <iostream>
#include <string>

namespace asio = parley::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr int listening_socket = 3;  // the number that the server has it at

// [server]
parley::task<int> answer_callers(parley::worker& self) {  // in each worker, on a loop of its own
    tcp::acceptor door(self.context(), tcp::v4(), listening_socket);
    for (;;) {
        tcp::socket caller = co_await door.async_accept(asio::use_awaitable);
        std::string name;
        co_await asio::async_read_until(caller, asio::dynamic_buffer(name), '\n', asio::use_awaitable);
        if (name == "nobody\n") co_return 3;
        const std::string answer = "worker " + std::to_string(self.index()) + " greets " + name;
        co_await asio::async_write(caller, asio::buffer(answer), asio::use_awaitable);
    }
}

int be_the_server() {
    parley::prefork_options options{.workers = 2, .first_delay = 10ms};
    options.on_end = [](const parley::worker_end& end) {
        std::cout << "worker " << end.index << " " << end.status
                  << (end.respawn_in ? ", another takes its place" : ", as asked") << std::endl;
    };
    return parley::prefork(options, answer_callers).value();  // until SIGTERM or SIGINT
}
// [/server]

// [client]
parley::task<tcp::socket> call(parley::executor io, tcp::endpoint server) {
    tcp::socket line(io);
    co_await line.async_connect(server, asio::use_awaitable);
    co_return line;
}

parley::task<> ask(tcp::socket& line, std::string name) {
    co_await asio::async_write(line, asio::buffer(name), asio::use_awaitable);
    std::string answer;
    co_await asio::async_read_until(line, asio::dynamic_buffer(answer), '\n', asio::use_awaitable);
    std::cout << answer << std::flush;
}

parley::task<> be_the_client() {
    const auto io = co_await asio::this_coro::executor;
    tcp::acceptor door(io, {asio::ip::address_v4::loopback(), 0});  // listens: who calls early waits at the door
    const parley::command program{.program = "/proc/self/exe",
                                  .arguments = {"server"},
                                  .descriptors = {{door.native_handle(), listening_socket}}};
    parley::child server = parley::spawn(io, program).value();

    for (const bool again : {false, true}) {
        // While one worker listens to the first caller, only the other one can answer the second.
        tcp::socket first = co_await call(io, door.local_endpoint());
        tcp::socket second = co_await call(io, door.local_endpoint());
        co_await ask(second, "Ada\n");
        co_await ask(first, "Bert\n");
        if (again) break;
        tcp::socket third = co_await call(io, door.local_endpoint());
        co_await asio::async_write(third, asio::buffer("nobody\n", 7), asio::use_awaitable);
    }
    std::cout << "the server " << co_await server.async_stop() << std::endl;
}
// [/client]

int main(int argc, char*[]) { return argc > 1 ? be_the_server() : parley::run(be_the_client()); }
