// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The lecture's client of datagrams: asks for the time. Datagrams get lost, so it asks again, and not for ever.
//
//     datagram_time_client ADDRESS

#include <parley/core/timeout.hpp>
#include <parley/loop/application.hpp>
#include <parley/net/datagram.hpp>
#include <parley/net/packet.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <chrono>
#include <iostream>
#include <string_view>

namespace asio = parley::asio;
using namespace std::chrono_literals;

// [ask]
parley::task<int> ask(parley::address server) {
    auto [socket, destination] = parley::open_datagram_sender(co_await asio::this_coro::executor, server).value();
    std::array<char, 64> answer;
    for (int attempt = 0; attempt < 5; ++attempt) {
        co_await socket.async_send_to(asio::buffer("time?", 5), destination, asio::use_awaitable);
        const auto [failed, packet] = co_await parley::with_timeout(
            parley::async_receive_packet(socket, asio::buffer(answer)), 1s, asio::as_tuple(asio::use_awaitable));
        if (failed) continue;
        std::cout << "it is " << std::string_view(answer.data(), packet.size) << std::endl;
        co_return 0;
    }
    std::cout << "no answer from " << server << std::endl;
    co_return 1;
}
// [/ask]

int main(int count, char** words) {
    const auto server = parley::address::parse(count > 1 ? words[1] : "");
    if (!server) {
        std::cerr << server.error() << "\nusage: datagram_time_client ADDRESS\n";
        return 2;
    }
    return parley::run(ask(*server));
}
