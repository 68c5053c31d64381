// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The port of a TCP listener: who can reach it, and who else can have it.

#include <parley/net/listen.hpp>
#include <parley/net/socket_options.hpp>

#include "net_tools.hpp"

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>

BOOST_AUTO_TEST_SUITE(listen_tcp_test)

using namespace parley;
using namespace parley::test;

struct port_fixture : net_fixture {
    auto open(const std::string& text) { return parley::listen(io.get_executor(), at(text)); }
    error_code refusal(const std::string& text) {
        auto tried = open(text);
        return tried ? error_code() : tried.error().code();
    }
};

/// What the kernel lists as listening at `port`, address and port in hexadecimal numbers.
std::vector<std::string> listening_at(std::uint16_t port) {
    char end[8];
    std::snprintf(end, sizeof end, ":%04X", unsigned{port});
    std::vector<std::string> found;
    for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::ifstream in(table);
        std::string number, own, other, state, rest;
        std::getline(in, rest);  // the heading
        while (in >> number >> own >> other >> state && std::getline(in, rest))
            if (state == "0A" && own.ends_with(end)) found.push_back(own);
    }
    return found;
}

sockaddr_in on_this_machine(const char* host, std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    ::inet_pton(AF_INET, host, &to.sin_addr);
    return to;
}

int option_of(int fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    ::getsockopt(fd, level, name, &value, &size);
    return value;
}

BOOST_FIXTURE_TEST_SUITE(listen_tcp_suite, port_fixture)

BOOST_AUTO_TEST_CASE(without_a_host_only_this_machine_can_connect) {
    for (const char* text : {"tcp:0", "tcp::0", "tcp:localhost:0"}) {
        auto server = open(text).value();
        const auto port = server.local_address().port();
        sockaddr_in own{};
        socklen_t size = sizeof own;
        BOOST_TEST(::getsockname(server.native_handle(), reinterpret_cast<sockaddr*>(&own), &size) == 0);
        BOOST_TEST(own.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
        const auto listed = listening_at(port);
        BOOST_TEST_REQUIRE(listed.size() == 1u);
        BOOST_TEST(listed.front().starts_with(own.sin_addr.s_addr == 0x0100007f ? "0100007F:" : "7F000001:"));
        // Every address of 127.0.0.0/8 is this machine's; the listener has one of them.
        for (const auto& [host, expected] : {std::pair{"127.0.0.1", 0}, {"127.0.0.2", ECONNREFUSED}}) {
            const raw_socket client(SOCK_STREAM, AF_INET);
            const auto to = on_this_machine(host, port);
            const int answer = ::connect(client.fd(), reinterpret_cast<const sockaddr*>(&to), sizeof to);
            BOOST_TEST((answer == 0 ? 0 : errno) == expected);
        }
    }
}

BOOST_AUTO_TEST_CASE(nobody_shares_the_port) {
    auto server = open("tcp:0").value();
    BOOST_TEST(option_of(server.native_handle(), SOL_SOCKET, SO_REUSEPORT) == 0);
    const auto port = server.local_address().port();
    BOOST_TEST(refusal("tcp:" + std::to_string(port)) == asio::error::address_in_use);
    BOOST_TEST(refusal("tcp:0.0.0.0:" + std::to_string(port)) == asio::error::address_in_use);
    // Nor somebody who asks the kernel to: that would take half of our clients.
    const raw_socket thief(SOCK_STREAM, AF_INET);
    const auto to = on_this_machine("127.0.0.1", port);
    for (const int option : {SO_REUSEADDR, SO_REUSEPORT}) {
        const int on = 1;
        BOOST_TEST(::setsockopt(thief.fd(), SOL_SOCKET, option, &on, sizeof on) == 0);
        BOOST_TEST(::bind(thief.fd(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == -1);
        BOOST_TEST(errno == EADDRINUSE);
    }
}

BOOST_AUTO_TEST_CASE(a_restart_does_not_wait_for_old_connections) {
    std::uint16_t port = 0;
    {
        auto server = open("tcp:0").value();
        port = server.local_address().port();
        run([](asio::io_context& loop, listener& listening) -> task<> {
            auto client = co_await async_connect(loop.get_executor(), listening.local_address(), asio::use_awaitable);
            auto accepted = co_await listening.async_accept(asio::use_awaitable);
            // Who closes first keeps the port for a minute.
            accepted.shutdown(asio::socket_base::shutdown_both);
            char none = 0;
            co_await client.async_wait(asio::socket_base::wait_read, asio::use_awaitable);
            BOOST_TEST(::recv(client.native_handle(), &none, 1, 0) == 0);
        }(io, server));
    }
    BOOST_TEST(refusal("tcp:" + std::to_string(port) + "?reuse=0") == asio::error::address_in_use);
    BOOST_TEST(!refusal("tcp:" + std::to_string(port)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
