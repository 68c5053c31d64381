// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/local.hpp>
#include <parley/net/socket_options.hpp>

#include "socket_tools.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

BOOST_AUTO_TEST_SUITE(socket_options_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;
using asio::ip::tcp;
using asio::ip::udp;

template <typename Option, typename Socket>
auto option_of(Socket& socket) {
    Option option;
    socket.get_option(option);
    return option.value();
}

std::string device_of(udp::socket& socket) {
    bind_to_device option;
    socket.get_option(option);
    return std::string(option.value());
}

template <typename Socket>
int native_option(Socket& socket, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    return ::getsockopt(socket.native_handle(), level, name, &value, &size) == 0 ? value : -1;
}

BOOST_FIXTURE_TEST_SUITE(socket_options, socket_fixture)

BOOST_AUTO_TEST_CASE(times_of_tcp_are_durations) {
    tcp::socket socket(ex, tcp::v4());
    socket.set_option(keep_alive_idle(77s));
    socket.set_option(keep_alive_interval(2min));
    socket.set_option(keep_alive_count(5));
    socket.set_option(tcp_user_timeout(1500ms));
    BOOST_TEST(native_option(socket, IPPROTO_TCP, TCP_KEEPIDLE) == 77);
    BOOST_TEST(native_option(socket, IPPROTO_TCP, TCP_KEEPINTVL) == 120);
    BOOST_TEST(native_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT) == 1500);
    BOOST_TEST((option_of<keep_alive_idle>(socket) == 77s));
    BOOST_TEST((option_of<keep_alive_interval>(socket) == 2min));
    BOOST_TEST(option_of<keep_alive_count>(socket) == 5);
    BOOST_TEST((option_of<tcp_user_timeout>(socket) == 1500ms));
}

BOOST_AUTO_TEST_CASE(a_time_that_tcp_does_not_take_is_an_error_and_no_other_time) {
    tcp::socket socket(ex, tcp::v6());
    error_code ec;
    for (const auto wrong : {0s, -5s, 32768s, std::chrono::seconds(std::int64_t{1} << 33)}) {
        socket.set_option(keep_alive_idle(wrong), ec);
        BOOST_TEST(ec == asio::error::invalid_argument);
    }
    socket.set_option(keep_alive_count(128), ec);
    BOOST_TEST(ec == asio::error::invalid_argument);
}

BOOST_AUTO_TEST_CASE(flags_of_tcp_are_on_and_off) {
    tcp::socket socket(ex, tcp::v4());
    for (const bool on : {true, false}) {
        socket.set_option(tcp_cork(on));
        BOOST_TEST(option_of<tcp_cork>(socket) == on);
        socket.set_option(reuse_port(on));
        BOOST_TEST(option_of<reuse_port>(socket) == on);
    }
    socket.set_option(tcp_quick_ack(true));
}

BOOST_AUTO_TEST_CASE(options_of_unix_sockets_are_on_and_off) {
    auto [one, two] = make_socket_pair<local_stream>(ex).value();
    for (const bool on : {true, false}) {
        one.set_option(pass_credentials(on));
        BOOST_TEST(option_of<pass_credentials>(one) == on);
        error_code ec;
        one.set_option(pass_pidfd(on), ec);
        if (!ec) BOOST_TEST(option_of<pass_pidfd>(one) == on);
        one.set_option(pass_rights(on), ec);
        if (!ec) BOOST_TEST(option_of<pass_rights>(one) == on);
    }
}

BOOST_AUTO_TEST_CASE(a_peek_begins_where_the_offset_says) {
    auto [one, two] = make_socket_pair<local_stream>(ex).value();
    BOOST_TEST(option_of<peek_offset>(two) == -1);
    two.set_option(peek_offset(2));
    BOOST_TEST(one.send(asio::buffer("abcdef", 6)) == 6u);
    char block[2];
    BOOST_TEST(two.receive(asio::buffer(block), asio::socket_base::message_peek) == 2u);
    BOOST_TEST(std::string_view(block, 2) == "cd");
    BOOST_TEST(option_of<peek_offset>(two) == 4);
    BOOST_TEST(two.receive(asio::buffer(block)) == 2u);
    BOOST_TEST(std::string_view(block, 2) == "ab");
}

BOOST_AUTO_TEST_CASE(names_depend_on_the_family_where_those_of_the_kernel_do) {
    udp::socket four(ex, udp::v4()), six(ex, udp::v6());
    for (const bool on : {false, true}) {
        four.set_option(multicast_all(on));
        six.set_option(multicast_all(on));
        four.set_option(receive_arrival(on));
        six.set_option(receive_arrival(on));
        BOOST_TEST(native_option(four, IPPROTO_IP, IP_MULTICAST_ALL) == on);
        BOOST_TEST(native_option(six, IPPROTO_IPV6, IPV6_MULTICAST_ALL) == on);
        BOOST_TEST(native_option(four, IPPROTO_IP, IP_PKTINFO) == on);
        BOOST_TEST(native_option(six, IPPROTO_IPV6, IPV6_RECVPKTINFO) == on);
        BOOST_TEST(option_of<multicast_all>(six) == on);
    }
}

BOOST_AUTO_TEST_CASE(a_socket_is_bound_to_a_device_by_name) {
    udp::socket socket(ex, udp::v4());
    BOOST_TEST(device_of(socket) == "");
    socket.set_option(bind_to_device("lo"));
    BOOST_TEST(device_of(socket) == "lo");
    error_code ec;
    udp::socket other(ex, udp::v4());
    for (const char* name : {"no-such-device", "a-name-of-more-than-fifteen-bytes"}) {
        other.set_option(bind_to_device(name), ec);
        BOOST_TEST(ec == boost::system::errc::no_such_device);
    }
    BOOST_TEST(device_of(other) == "");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
