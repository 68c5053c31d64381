// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A guest of the chat room: says each line, prints what it hears, and leaves when it has heard its own last line. One
// that says nothing listens until the room closes.
//
//     seqpacket_chat_client ADDRESS NAME [LINE...]

#include <parley/loop/application.hpp>
#include <parley/net/connect.hpp>
#include <parley/net/local.hpp>
#include <parley/net/packet.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

namespace asio = parley::asio;
using namespace std::chrono_literals;

// [guest]
parley::task<> visit(parley::address where, std::string name, std::vector<std::string> lines) {
    const parley::connect_options within{.timeout = 5s};
    auto room =
        co_await parley::async_connect<parley::local_seqpacket>(co_await asio::this_coro::executor, where, within);
    co_await room.async_send(asio::buffer(name), 0, asio::use_awaitable);
    for (const auto& line : lines) co_await room.async_send(asio::buffer(line), 0, asio::use_awaitable);

    std::string heard(2000, '\0');
    for (;;) {
        const auto packet = co_await parley::async_receive_packet(room, asio::buffer(heard));
        if (packet.end) co_return;
        const auto line = heard.substr(0, packet.size);
        std::cout << line << std::endl;
        if (!lines.empty() && line == name + ": " + lines.back()) co_return;
    }
}
// [/guest]

int main(int count, char** words) {
    const auto where = parley::address::parse(count > 2 ? words[1] : "");
    if (!where) {
        std::cerr << where.error() << "\nusage: seqpacket_chat_client ADDRESS NAME [LINE...]\n";
        return 2;
    }
    return parley::run(visit(*where, words[2], {words + 3, words + count}));
}
