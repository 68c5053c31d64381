// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Streams with programs that nobody here wrote at the other end: socat, and Python's socket module. Both directions.

#include <parley/loop/task_group.hpp>
#include <parley/process/run.hpp>
#include <parley/process/spawn.hpp>

#include "net_tools.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/test/data/test_case.hpp>

#include <chrono>
#include <string>

BOOST_AUTO_TEST_SUITE(interop_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;
namespace data = boost::unit_test::data;
using stream = asio::generic::stream_protocol::socket;

const std::string python_client = R"(
import socket, sys
family, place = sys.argv[1], sys.argv[2:]
s = socket.socket(socket.AF_UNIX if family == "unix" else socket.AF_INET, socket.SOCK_STREAM)
s.connect(place[0] if family == "unix" else (place[0], int(place[1])))
s.sendall(sys.stdin.buffer.read())
s.shutdown(socket.SHUT_WR)
while True:
    part = s.recv(65536)
    if not part: break
    sys.stdout.buffer.write(part)
)";

const std::string python_server = R"(
import socket, sys
family, place = sys.argv[1], sys.argv[2:]
s = socket.socket(socket.AF_UNIX if family == "unix" else socket.AF_INET, socket.SOCK_STREAM)
s.bind(place[0] if family == "unix" else (place[0], 0))
s.listen(5)
print(s.getsockname() if family == "unix" else s.getsockname()[1], flush=True)
c, _ = s.accept()
while True:
    part = c.recv(65536)
    if not part: break
    c.sendall(part)
)";

std::string text_of(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + i / 251);
    return text;
}

/// Sends back, once the client has said all, what it said. Not before: socat's writes block, and so would this one's.
task<> answer_one(listener& server) {
    stream client = co_await server.async_accept(asio::use_awaitable);
    std::string all;
    error_code ended;
    co_await asio::async_read(client, asio::dynamic_buffer(all), asio::redirect_error(asio::use_awaitable, ended));
    BOOST_TEST(ended == asio::error::eof);
    co_await asio::async_write(client, asio::buffer(all), asio::use_awaitable);
}

task<std::string> answer_of(command client, std::string input, listener& server) {
    run_result told;
    co_await with_task_group([&](task_group& tasks) -> task<> {
        tasks.spawn(answer_one(server));
        const run_options options{.input = input, .timeout = 30s};
        told = co_await async_run(tasks.get_executor(), client, options);
    });
    BOOST_TEST(told.status.success(), told.err);
    co_return told.out;
}

/// What an echo server gives back.
task<std::string> echoed_by(address server, std::string text) {
    const auto io = co_await asio::this_coro::executor;
    stream s = co_await async_connect(io, server, asio::use_awaitable);
    std::string back(text.size(), '\0');
    co_await with_task_group([&](task_group& tasks) -> task<> {
        tasks.spawn([](stream& to, const std::string& what) -> task<> {
            co_await asio::async_write(to, asio::buffer(what), asio::use_awaitable);
        }(s, text));
        co_await asio::async_read(s, asio::buffer(back), asio::use_awaitable);
    });
    co_return back;
}

BOOST_FIXTURE_TEST_SUITE(interop_suite, net_fixture)

BOOST_DATA_TEST_CASE(socat_and_python_are_clients, data::make({"unix", "tcp"}) * data::make({5u, 3'000'000u}), family,
                     size) {
    const bool local_family = std::string(family) == "unix";
    auto server = parley::listen(io.get_executor(), local_family ? local() : at("tcp:0")).value();
    const auto text = text_of(size);
    const auto port = std::to_string(server.local_address().port());
    const command socat{.program = "socat",
                        .arguments = {"-t30", "-", local_family ? "UNIX-CONNECT:" + path() : "TCP:127.0.0.1:" + port},
                        .search_path = true};
    BOOST_TEST((run(answer_of(socat, text, server)) == text));
    command python{.program = "python3", .arguments = {"-c", python_client, family}, .search_path = true};
    python.arguments.push_back(local_family ? path() : "127.0.0.1");
    if (!local_family) python.arguments.push_back(port);
    BOOST_TEST((run(answer_of(python, text, server)) == text));
}

BOOST_DATA_TEST_CASE(python_is_the_server, data::make({"unix", "tcp"}), family) {
    const bool local_family = std::string(family) == "unix";
    command python{.program = "python3",
                   .arguments = {"-c", python_server, family, local_family ? path() : "127.0.0.1"},
                   .search_path = true,
                   .out = stdio::pipe()};
    run([](asio::io_context& loop, command what, bool is_local, address place) -> task<bool> {
        auto started = spawn(loop.get_executor(), what).value();
        std::string port;
        char byte = 0;
        while (byte != '\n') {  // what it says once it listens
            co_await asio::async_read(started.out(), asio::buffer(&byte, 1), asio::use_awaitable);
            if (byte != '\n') port += byte;
        }
        const auto text = text_of(1'000'000);
        const auto where = is_local ? place : at("tcp:localhost:" + port);
        const auto back = co_await echoed_by(where, text);
        BOOST_TEST((back == text));
        const exit_status ended = co_await started.async_wait(asio::use_awaitable);
        co_return ended.success();
    }(io, python, local_family, local()));
}

BOOST_AUTO_TEST_CASE(socat_is_the_server) {
    const command socat{
        .program = "socat", .arguments = {"UNIX-LISTEN:" + path() + ",fork", "EXEC:cat"}, .search_path = true};
    run([](asio::io_context& loop, command what, std::string file, address place) -> task<bool> {
        auto started = spawn(loop.get_executor(), what).value();
        asio::steady_timer look(loop);
        while (raw_socket().connect(file) != 0) {
            look.expires_after(5ms);
            co_await look.async_wait(asio::use_awaitable);
        }
        const auto text = text_of(100'000);
        const auto back = co_await echoed_by(place, text);
        BOOST_TEST((back == text));
        co_await started.async_stop(asio::use_awaitable);
        co_return true;
    }(io, socat, path(), local()));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
