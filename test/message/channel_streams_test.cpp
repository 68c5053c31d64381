// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Channels over everything that carries bytes or packets.

#include "channel_tools.hpp"
#include "choppy_stream.hpp"

#include <parley/message/datagram.hpp>
#include <parley/message/lines.hpp>
#include <parley/process/child.hpp>
#include <parley/process/pty.hpp>
#include <parley/process/spawn.hpp>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/mpl/list.hpp>

#include <utility>

BOOST_AUTO_TEST_SUITE(channel_streams_test)

using namespace parley;
using namespace parley::test;

namespace {

using packet_protocols = boost::mpl::list<local_seqpacket, local_datagram>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(channel_streams_suite, channel_fixture)

BOOST_AUTO_TEST_CASE(unix_sockets_carry_messages) {
    auto [here, there] = make_channels();
    check_echo(io, here, there, 100, 997);
    BOOST_TEST(shut_down(here) == error_code());
    BOOST_TEST(receive_from(there).is_end());
}

BOOST_AUTO_TEST_CASE(tcp_carries_messages) {
    using asio::ip::tcp;
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket a(io);
    a.connect(acceptor.local_endpoint());
    channel here(std::move(a), length_prefix());
    channel there(acceptor.accept(), length_prefix());
    check_echo(io, here, there, 100, 997);
}

BOOST_AUTO_TEST_CASE(sockets_of_any_protocol_and_executor_carry_messages) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    using generic = asio::generic::stream_protocol;
    using on_strand = asio::basic_stream_socket<local_stream, asio::strand<asio::io_context::executor_type>>;
    on_strand other(asio::make_strand(io), local_stream(), b.release());
    channel here(generic::socket(std::move(a)), length_prefix());
    channel there(std::move(other), length_prefix());
    check_echo(io, here, there, 300, 97);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(packets_are_messages, Protocol, packet_protocols) {
    auto [a, b] = make_socket_pair<Protocol>(ex).value();
    channel here(std::move(a), datagram());
    channel there(std::move(b), datagram());
    check_echo(io, here, there, 300, 97);
    BOOST_TEST(send_to(here, "") == error_code());  // an empty message is none the less one
    BOOST_TEST(receive_from(there).is(""));
    BOOST_TEST(send_to(here, std::string(1 << 20, 'x')) == asio::error::message_size);
    BOOST_TEST(send_to(here, "after it") == error_code());
    BOOST_TEST(receive_from(there).is("after it"));
    BOOST_TEST(here.counters().messages_sent == 302u);
    BOOST_TEST(there.counters().messages_received == 302u);
}

BOOST_AUTO_TEST_CASE(a_seqpacket_connection_ends) {
    auto [a, b] = make_socket_pair<local_seqpacket>(ex).value();
    channel here(std::move(a), datagram());
    channel there(std::move(b), datagram());
    BOOST_TEST(here.try_send("the last"));
    BOOST_TEST(shut_down(here) == error_code());
    BOOST_TEST(receive_from(there).is("the last"));
    BOOST_TEST(receive_from(there).is_end());
}

BOOST_AUTO_TEST_CASE(a_packet_above_the_limit_is_an_error) {
    auto [a, b] = make_socket_pair<local_seqpacket>(ex).value();
    channel here(std::move(a), datagram());
    channel there(std::move(b), datagram(100));
    BOOST_TEST(send_to(here, std::string(100, 'x')) == error_code());
    BOOST_TEST(send_to(here, std::string(101, 'x')) == error_code());
    BOOST_TEST(receive_from(there).is(std::string(100, 'x')));
    BOOST_TEST(receive_from(there).ec == asio::error::message_size);
}

BOOST_AUTO_TEST_CASE(packets_wait_for_room_and_keep_their_order) {
    auto [a, b] = make_socket_pair<local_seqpacket>(ex).value();
    channel here(std::move(a), datagram(), {.queue_messages = 10});
    channel there(std::move(b), datagram());
    static constexpr std::size_t all = 5000;
    run_task(io, [](auto& from, auto& to) -> task<> {
        using namespace asio::experimental::awaitable_operators;
        const auto write = [](auto& c) -> task<> {
            for (std::size_t i = 0; i < all; ++i) co_await c.async_send(numbered(i, 100));
            co_await c.async_shutdown();
        };
        const auto read = [](auto& c) -> task<> {
            std::size_t i = 0;
            while (const auto m = co_await c.async_receive()) BOOST_TEST_REQUIRE(is_numbered(*m, i++));
            BOOST_TEST(i == all);
        };
        co_await (write(from) && read(to));
    }(here, there));
}

BOOST_AUTO_TEST_CASE(connected_udp_sockets_carry_messages) {
    using asio::ip::udp;
    udp::socket a(io, udp::endpoint(asio::ip::address_v4::loopback(), 0));
    udp::socket b(io, udp::endpoint(asio::ip::address_v4::loopback(), 0));
    a.connect(b.local_endpoint());
    b.connect(a.local_endpoint());
    channel here(std::move(a), datagram());
    channel there(std::move(b), datagram());
    for (std::size_t i = 0; i < 100; ++i) {
        BOOST_TEST_REQUIRE(!send_to(here, numbered(i, i * 600)));
        BOOST_TEST_REQUIRE(receive_from(there).is(numbered(i, i * 600)));
    }
}

BOOST_AUTO_TEST_CASE(nobody_at_the_other_end_of_udp_is_no_end) {
    using asio::ip::udp;
    udp::socket a(io, udp::endpoint(asio::ip::address_v4::loopback(), 0));
    udp::socket b(io, udp::endpoint(asio::ip::address_v4::loopback(), 0));
    const auto where = b.local_endpoint();
    a.connect(where);
    const auto from = a.local_endpoint();
    b.close();
    channel here(std::move(a), datagram());
    received answer;
    here.async_receive(answer.handler());
    for (int i = 0; i < 5; ++i) {
        BOOST_TEST(send_to(here, "anybody?") == error_code());
        run_ready(io);
    }
    udp::socket late(io, where);
    late.connect(from);
    late.send(asio::buffer("I am", 4));
    run_until(io, [&] { return answer.count == 1; });
    BOOST_TEST(answer.is("I am"));
}

BOOST_AUTO_TEST_CASE(framings_and_sockets_that_do_not_fit_are_refused) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    BOOST_CHECK_THROW(channel(std::move(a), datagram()), boost::system::system_error);
    auto [c, d] = make_socket_pair<local_seqpacket>(ex).value();
    BOOST_CHECK_THROW(channel(std::move(c), length_prefix()), boost::system::system_error);
}

// F7
BOOST_AUTO_TEST_CASE(a_stream_that_gives_a_few_bytes_at_a_time_carries_messages_exactly) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    channel here(choppy_stream(std::move(a)), length_prefix());
    channel there(choppy_stream(std::move(b)), length_prefix());
    check_echo(io, here, there, 60, 17);
}

BOOST_AUTO_TEST_CASE(a_pseudo_terminal_carries_lines) {
    command program{.program = "/bin/sh", .arguments = {"-c", "while read -r word; do echo \"you said $word\"; done"}};
    program.in = program.out = program.err = stdio::pty();
    auto shell = spawn(ex, program).value();
    channel c(std::move(shell.terminal()), lines());
    BOOST_TEST(c.try_send("hello"));
    BOOST_TEST(receive_from(c).is("you said hello"));
    BOOST_TEST(c.try_send("bye"));
    BOOST_TEST(receive_from(c).is("you said bye"));
    c.close();  // hangs up
    run_task(io, [](child& of) -> task<> { co_await of.async_wait(); }(shell));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
