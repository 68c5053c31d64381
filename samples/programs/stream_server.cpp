// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The lecture's server of streams: it reads lines and answers each in capital letters, any number of clients at once.
//
//     stream_server ADDRESS        unix:/tmp/s.sock   unix:@name   tcp:4711   tcp:[::1]:4711   fd:3   systemd:name
//
// Ctrl-C ends it, with everybody it talks to.

#include <parley/loop/application.hpp>
#include <parley/loop/task_group.hpp>
#include <parley/net/listen.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <cctype>
#include <iostream>
#include <string>
#include <utility>

namespace asio = parley::asio;
using parley::listener;

// [session]
parley::task<> answer(listener::socket_type client) {
    constexpr std::size_t longest_line = 4096;
    std::string text;
    for (;;) {
        parley::error_code ended;
        const auto length = co_await asio::async_read_until(client, asio::dynamic_buffer(text, longest_line), '\n',
                                                            asio::redirect_error(asio::use_awaitable, ended));
        if (ended) co_return;  // the client has gone, or talks without end: that is its affair, not the server's
        std::transform(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length), text.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        co_await asio::async_write(client, asio::buffer(text, length),
                                   asio::redirect_error(asio::use_awaitable, ended));
        text.erase(0, length);
    }
}
// [/session]

// [serve]
parley::task<> serve(parley::address where) {
    listener server = parley::listen(co_await asio::this_coro::executor, where).value();
    std::cout << "listening at " << server.local_address() << std::endl;
    co_await parley::with_task_group([&](parley::task_group& sessions) -> parley::task<> {
        for (;;) sessions.spawn(answer(co_await server.async_accept()));
    });
}

int main(int count, char** words) {
    const auto where = parley::address::parse(count > 1 ? words[1] : "");
    if (!where) {
        std::cerr << where.error() << "\nusage: stream_server ADDRESS\n";
        return 2;
    }
    return parley::run(serve(*where));
}
// [/serve]
