// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The lecture's server of datagrams: whoever sends it anything gets the time.
//
//     datagram_time_server ADDRESS     unix-dgram:/tmp/t   unix-dgram:@name   udp:4711   udp-multicast:239.1.1.1:4711
//
// Ctrl-C ends it.

#include <parley/loop/application.hpp>
#include <parley/net/datagram.hpp>
#include <parley/net/packet.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <ctime>
#include <iostream>
#include <string>

namespace asio = parley::asio;

std::string time_of_day() {
    std::array<char, 64> text;
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", ::localtime_r(&now, &parts))};
}

// [serve]
parley::task<> serve(parley::address where) {
    auto [socket, local_address, file] =
        parley::open_datagram_receiver(co_await asio::this_coro::executor, where).value();
    socket.non_blocking(true);
    std::cout << "listening at " << local_address << std::endl;
    std::array<char, 64> question;
    for (;;) {
        asio::generic::datagram_protocol::endpoint client;
        const auto [failed, packet] = co_await parley::async_receive_packet_from(socket, asio::buffer(question), client,
                                                                                 asio::as_tuple(asio::use_awaitable));
        if (failed) continue;        // too long a question, or an earlier answer that came back: the next may be better
        parley::error_code ignored;  // a client that has gone, has no name, or reads nothing: it gets no answer
        socket.send_to(asio::buffer(time_of_day()), client, 0, ignored);
    }
}
// [/serve]

int main(int count, char** words) {
    const auto where = parley::address::parse(count > 1 ? words[1] : "");
    if (!where) {
        std::cerr << where.error() << "\nusage: datagram_time_server ADDRESS\n";
        return 2;
    }
    return parley::run(serve(*where));
}
