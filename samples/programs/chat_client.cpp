// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A guest of the chat room: says each line of its standard input, prints what it hears, and leaves when the input ends
// (Ctrl-D) or the room closes. Its own keyboard and screen are a channel of lines like any other.
//
//     chat_client ADDRESS NAME

#include <parley/core/unique_fd.hpp>
#include <parley/loop/application.hpp>
#include <parley/loop/task_group.hpp>
#include <parley/message/channel.hpp>
#include <parley/message/connect_channel.hpp>
#include <parley/message/lines.hpp>
#include <parley/message/stream_pair.hpp>
#include <parley/pipe/pipe.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace asio = parley::asio;
using namespace std::chrono_literals;

// The standard streams are shared with whoever started us, and so is their mode, which Asio and parley change.
struct kept_modes {
    const int in = ::fcntl(STDIN_FILENO, F_GETFL);
    const int out = ::fcntl(STDOUT_FILENO, F_GETFL);

    kept_modes() = default;
    kept_modes(const kept_modes&) = delete;
    ~kept_modes() {
        ::fcntl(STDIN_FILENO, F_SETFL, in);
        ::fcntl(STDOUT_FILENO, F_SETFL, out);
    }
};

// [visit]
parley::task<> talk(parley::any_channel& keyboard, parley::any_channel& room) {
    while (const auto line = co_await keyboard.async_receive()) {
        const auto [failed] = co_await room.async_send(*line, asio::as_tuple(asio::use_awaitable));
        if (failed) co_return;  // it has closed, as whoever listens will hear
    }
    (void)co_await room.async_end(asio::as_tuple(asio::use_awaitable));
}

parley::task<> visit(parley::address where, std::string name) {
    const auto io = co_await asio::this_coro::executor;
    const parley::connect_channel_options within{.connect = {.timeout = 5s}};
    auto room = co_await parley::async_connect_channel(io, where, parley::lines(), within);
    co_await room.async_send(name);

    const kept_modes modes;
    asio::readable_pipe keyboard(io, parley::unique_fd::duplicate(STDIN_FILENO).value().release());
    parley::pipe_writer screen(io, parley::unique_fd::duplicate(STDOUT_FILENO).value());
    parley::channel console(parley::stream_pair(std::move(keyboard), std::move(screen)), parley::lines());

    co_await parley::with_task_group([&](parley::task_group& group) -> parley::task<> {
        group.spawn(talk(console, room));
        while (const auto line = co_await room.async_receive()) co_await console.async_send(*line);
        group.cancel();
    });
    co_await console.async_end();
}
// [/visit]

int main(int count, char** words) {
    const auto where = parley::address::parse(count > 2 ? words[1] : "");
    if (!where) {
        std::cerr << where.error() << "\nusage: chat_client ADDRESS NAME\n";
        return 2;
    }
    return parley::run(visit(*where, words[2]));
}
