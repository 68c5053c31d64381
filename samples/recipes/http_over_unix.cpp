// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Boost.Beast on a listener of parley: a small HTTP server at a UNIX socket, asked by curl, which nobody here wrote.
// With an address it serves until Ctrl-C: http_over_unix unix:/tmp/web.sock, and curl --unix-socket /tmp/web.sock

#include <parley/loop/application.hpp>
#include <parley/loop/task_group.hpp>
#include <parley/net/listen.hpp>
#include <parley/process/run.hpp>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <iostream>
#include <string>
#include <utility>

#include <unistd.h>

namespace asio = parley::asio;
namespace http = boost::beast::http;
using local = asio::local::stream_protocol;

// [session]
parley::task<> answer(local::socket client) {
    boost::beast::flat_buffer buffer;
    for (;;) {
        parley::error_code ended;
        http::request<http::string_body> question;
        co_await http::async_read(client, buffer, question, asio::redirect_error(asio::use_awaitable, ended));
        if (ended) co_return;
        http::response<http::string_body> reply(http::status::ok, question.version());
        reply.body() = "you asked for " + std::string(question.target()) + "\n";
        reply.keep_alive(question.keep_alive());
        reply.prepare_payload();
        co_await http::async_write(client, reply, asio::redirect_error(asio::use_awaitable, ended));
        if (ended || !reply.keep_alive()) co_return;
    }
}

parley::task<> serve(parley::basic_listener<local>& server) {
    co_await parley::with_task_group([&](parley::task_group& sessions) -> parley::task<> {
        for (;;) sessions.spawn(answer(co_await server.async_accept()));
    });
}
// [/session]

parley::task<> serve_at(parley::address where) {
    auto server = parley::listen<local>(co_await asio::this_coro::executor, where).value();
    std::cout << "listening at " << server.local_address() << std::endl;
    co_await serve(server);
}

// [curl]
parley::task<> ask_with_curl() {
    const auto executor = co_await asio::this_coro::executor;
    const auto path = "/tmp/parley-http-" + std::to_string(::getpid()) + ".sock";
    auto server = parley::listen<local>(executor, parley::address::unix_stream(path).value()).value();
    co_await parley::with_task_group([&](parley::task_group& tasks) -> parley::task<> {
        tasks.spawn(serve(server));
        const parley::command curl{.program = "curl",
                                   .arguments = {"--silent", "--show-error", "--unix-socket", path,
                                                 "http://localhost/tea", "http://localhost/coffee"},
                                   .search_path = true};
        const auto told = co_await parley::async_run(executor, curl);
        std::cout << told.out << told.err << "curl " << told.status << std::endl;
        tasks.cancel();
    });
}
// [/curl]

int main(int count, char** words) {
    if (count < 2) return parley::run(ask_with_curl());
    const auto where = parley::address::parse(words[1]);
    if (!where) {
        std::cerr << where.error() << "\nusage: http_over_unix [ADDRESS]\n";
        return 2;
    }
    return parley::run(serve_at(*where));
}
