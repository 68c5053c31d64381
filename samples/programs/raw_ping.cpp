// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The lecture's ping: four ICMP echo requests, and how long each answer took. Raw sockets are for root.
//
//     raw_ping [HOST]     an IPv4 or IPv6 address, 127.0.0.1 if there is none
//
// Ends with 0 when all were answered, with 77 when it may not ask at all.

#include <parley/core/timeout.hpp>
#include <parley/loop/application.hpp>
#include <parley/net/packet.hpp>
#include <parley/net/raw.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <optional>
#include <span>
#include <string_view>

#include <unistd.h>

namespace asio = parley::asio;
using namespace std::chrono_literals;
using asio::ip::icmp;
using clock_type = std::chrono::steady_clock;

// [wait]
// The answer to our request. Everybody's ICMP comes by here: whatever is not meant for us is passed over.
parley::task<std::size_t> answer(icmp::socket& socket, parley::icmp_version version, parley::icmp_echo request) {
    std::array<std::byte, 2048> block;
    for (;;) {
        const auto packet = co_await parley::async_receive_packet(socket, asio::buffer(block));
        const std::span<const std::byte> whole(block.data(), packet.size);
        const auto message = version == parley::icmp_version::v4 ? parley::ipv4_payload(whole) : std::optional(whole);
        const auto echo = message ? parley::parse_icmp_echo(version, *message) : std::nullopt;
        if (echo && echo->reply && echo->identifier == request.identifier && echo->sequence == request.sequence)
            co_return message->size();
    }
}
// [/wait]

// [ping]
parley::task<int> ping(asio::ip::address host) {
    const auto io = co_await asio::this_coro::executor;
    const bool v6 = host.is_v6();
    const auto version = v6 ? parley::icmp_version::v6 : parley::icmp_version::v4;
    const auto where = v6 ? parley::address::raw_icmp6().value() : parley::address::raw_icmp().value();
    auto opened = parley::open_raw_socket(io, where);
    if (opened.has_error()) {
        std::cout << opened.error() << "\nraw sockets need root, or the right CAP_NET_RAW" << std::endl;
        co_return 77;
    }
    icmp::socket& socket = opened.value();
    const std::string_view text = "are you there?";
    int answers = 0;
    for (std::uint16_t n = 1; n <= 4; ++n) {
        const parley::icmp_echo request{.identifier = static_cast<std::uint16_t>(::getpid()),
                                        .sequence = n,
                                        .payload = std::as_bytes(std::span(text))};
        const auto message = parley::make_icmp_echo(version, request);
        const auto sent = clock_type::now();
        co_await socket.async_send_to(asio::buffer(message), icmp::endpoint(host, 0), asio::use_awaitable);
        std::size_t size = 0;
        try {
            size = co_await parley::with_timeout(answer(socket, version, request), 1s);
        } catch (const boost::system::system_error& late) {
            std::cout << "no answer from " << host << ": " << late.code().message() << std::endl;
            continue;
        }
        const std::chrono::duration<double, std::milli> took = clock_type::now() - sent;
        std::cout << size << " bytes from " << host << ": sequence " << n << ", " << took.count() << " ms" << std::endl;
        ++answers;
        asio::steady_timer pause(io, 50ms);
        co_await pause.async_wait(asio::use_awaitable);
    }
    std::cout << "4 sent, " << answers << " answered" << std::endl;
    co_return answers == 4 ? 0 : 1;
}
// [/ping]

int main(int count, char** words) {
    parley::error_code ec;
    const auto host = asio::ip::make_address(count > 1 ? words[1] : "127.0.0.1", ec);
    if (ec) {
        std::cerr << "usage: raw_ping [HOST]\n";
        return 2;
    }
    return parley::run(ping(host));
}
