// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Connects "connections" times to a parley listener in the same process, "in_flight" at once. On each connection a byte
// goes there and another one comes back. A connection, a byte or a descriptor that is lost ends it with an error.

#include <parley/loop/event_loop.hpp>
#include <parley/net/connect.hpp>
#include <parley/net/listen.hpp>
#include <parley/version.hpp>

#include "bench.hpp"
#include "workloads.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <utility>

namespace {

namespace asio = parley::asio;
using local = asio::local::stream_protocol;
using listener = parley::basic_listener<local>;

struct counts {
    long to_begin = 0;
    long clients = 0;  // that have not ended
    long answered = 0;
    long got_answer = 0;
};

char answer_to(char byte) { return static_cast<char>(byte + 1); }

parley::task<> answer(local::socket session, counts& c) {
    char byte = 0;
    co_await session.async_read_some(asio::buffer(&byte, 1), asio::use_awaitable);
    byte = answer_to(byte);
    co_await session.async_write_some(asio::buffer(&byte, 1), asio::use_awaitable);
    ++c.answered;
}

parley::task<> serve(listener& server, counts& c) {
    const parley::executor io = server.get_executor();
    for (;;) {
        parley::error_code ended;
        local::socket session = co_await server.async_accept(asio::redirect_error(asio::use_awaitable, ended));
        if (ended) co_return;
        asio::co_spawn(io, answer(std::move(session), c), bench::rethrow);
    }
}

parley::task<> visit(parley::address where, listener& server, counts& c) {
    const parley::executor io = server.get_executor();
    while (c.to_begin > 0) {
        const char question = static_cast<char>(--c.to_begin);
        local::socket client = co_await parley::async_connect<local>(io, where, asio::use_awaitable);
        char byte = question;
        co_await client.async_write_some(asio::buffer(&byte, 1), asio::use_awaitable);
        co_await client.async_read_some(asio::buffer(&byte, 1), asio::use_awaitable);
        bench::require(byte == answer_to(question), "the answer is another one's");
        ++c.got_answer;
        parley::error_code ended;
        const auto more =
            co_await client.async_read_some(asio::buffer(&byte, 1), asio::redirect_error(asio::use_awaitable, ended));
        bench::require(more == 0 && ended == asio::error::eof, "the server did not close");
    }
    if (--c.clients == 0) server.close();
}

void connect_often(bench::run& r) {
    const bench::place at;
    const auto where = parley::address::unix_stream(at.path()).value();
    const auto begun = bench::clock::now();
    const long connections = r["connections"];
    parley::event_loop loop;
    auto server = parley::listen<local>(loop.get_executor(), where).value();
    const long descriptors = bench::open_descriptors();
    counts c{.to_begin = connections, .clients = r["in_flight"]};
    asio::co_spawn(loop.get_executor(), serve(server, c), bench::rethrow);
    for (long i = c.clients; i > 0; --i) asio::co_spawn(loop.get_executor(), visit(where, server, c), bench::rethrow);
    loop.run();
    const auto seen = static_cast<long>(server.counters().accepted);
    bench::require(seen == connections && server.counters().pauses == 0, "a connection was lost");
    bench::require(c.got_answer == connections && c.answered == connections, "a byte was lost");
    bench::require(bench::open_descriptors() == descriptors - 1, "a descriptor was lost");  // the listener has closed
    const std::chrono::duration<double> taken = bench::clock::now() - begun;
    r.set(static_cast<double>(connections), taken.count());
}

}  // namespace

bench::workload connecting_often::describe() {
    return {
        .name = "connect_million",
        .unit = "connections/s",
        .impls = {{"parley", PARLEY_VERSION_STRING, connect_often}},
        .cases = {{{"connections", 1'000'000}, {"in_flight", 16}}},
        .smoke_cases = {{{"connections", 500}, {"in_flight", 16}}},
        .where = {bench::cpus::any},
    };
}
