// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Who is there? Services join a group, a seeker asks it, and each service answers to the seeker alone. All of it here
// is on the loopback interface; on a network the address names another one, or none.

#include <parley/core/timeout.hpp>
#include <parley/loop/application.hpp>
#include <parley/loop/task_group.hpp>
#include <parley/net/datagram.hpp>
#include <parley/net/packet.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <chrono>
#include <iostream>
#include <set>
#include <string>
#include <string_view>

namespace asio = parley::asio;
using namespace std::chrono_literals;
using asio::ip::udp;
using member = parley::datagram_receiver<udp>;

// [service]
parley::task<> be_there(member& group, std::string name) {
    std::array<char, 64> question;
    for (;;) {
        udp::endpoint seeker;
        const auto packet = co_await parley::async_receive_packet_from(group.socket, asio::buffer(question), seeker);
        if (std::string_view(question.data(), packet.size) != "who is there?") continue;
        co_await group.socket.async_send_to(asio::buffer(name), seeker, asio::use_awaitable);
    }
}
// [/service]

// [seek]
parley::task<std::set<std::string>> seek(parley::address group, std::size_t expected) {
    auto asked = parley::open_datagram_sender<udp>(co_await asio::this_coro::executor, group).value();
    std::set<std::string> found;
    std::array<char, 64> answer;
    for (int attempt = 0; attempt < 5 && found.size() < expected; ++attempt) {
        co_await asked.socket.async_send_to(asio::buffer("who is there?", 13), asked.destination, asio::use_awaitable);
        while (found.size() < expected) {
            udp::endpoint service;
            const auto [silence, packet] = co_await parley::with_timeout(
                parley::async_receive_packet_from(asked.socket, asio::buffer(answer), service), 500ms,
                asio::as_tuple(asio::use_awaitable));
            if (silence) break;  // ask again: who was found keeps quiet in the set
            found.emplace(answer.data(), packet.size);
        }
    }
    co_return found;
}
// [/seek]

parley::task<> discover() {
    const auto io = co_await asio::this_coro::executor;
    const auto somewhere = parley::address::parse("udp-multicast:239.255.77.20:0%lo?ttl=0").value();
    member one = parley::open_datagram_receiver<udp>(io, somewhere).value();
    member two = parley::open_datagram_receiver<udp>(io, one.local_address).value();  // at the port that one has got
    co_await parley::with_task_group([&](parley::task_group& services) -> parley::task<> {
        services.spawn(be_there(one, "printer"));
        services.spawn(be_there(two, "scanner"));
        for (const auto& name : co_await seek(one.local_address, 2)) std::cout << "found: " << name << std::endl;
        services.cancel();
    });
}

int main() { return parley::run(discover()); }
