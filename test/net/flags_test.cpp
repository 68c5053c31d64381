// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/flags.hpp>
#include <parley/net/socket_options.hpp>

#include "socket_tools.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <string>
#include <string_view>
#include <thread>

BOOST_AUTO_TEST_SUITE(flags_test)

using namespace parley;
using namespace parley::test;
using asio::ip::tcp;
using asio::ip::udp;
using base = asio::socket_base;

struct connected : socket_fixture {
    tcp::acceptor acceptor{ex, {asio::ip::address_v4::loopback(), 0}};
    tcp::socket here{ex}, there{ex};
    std::array<char, 64> block{};

    connected() {
        here.connect(acceptor.local_endpoint());
        acceptor.accept(there);
        here.set_option(tcp::no_delay(true));
    }

    std::string_view first(std::size_t n) const { return {block.data(), n}; }
    // Runs until `n` bytes are there.
    void wait_for(tcp::socket& socket, std::size_t n) {
        while (socket.available() < n) socket.wait(base::wait_read);
    }
    void wait_for_urgent() {
        ended<int> urgent;
        there.async_wait(base::wait_error, [&](error_code ec) { urgent.handler()(ec, 0); });
        run_until(io, [&] { return urgent.done(); });
        BOOST_TEST(!urgent.ec);
    }
};

BOOST_FIXTURE_TEST_SUITE(flags, connected)

BOOST_AUTO_TEST_CASE(what_is_peeked_at_stays) {
    here.send(asio::buffer("look", 4));
    wait_for(there, 4);
    BOOST_TEST(first(there.receive(asio::buffer(block), base::message_peek)) == "look");
    BOOST_TEST(first(there.receive(asio::buffer(block), base::message_peek | message_dont_wait)) == "look");
    BOOST_TEST(first(there.receive(asio::buffer(block))) == "look");
    BOOST_TEST(there.available() == 0u);
}

BOOST_AUTO_TEST_CASE(without_waiting_nothing_is_would_block) {
    there.non_blocking(true);
    error_code ec;
    BOOST_TEST(there.receive(asio::buffer(block), message_dont_wait, ec) == 0u);
    BOOST_TEST(ec == asio::error::would_block);
    const std::string much(std::size_t{1} << 20, 'x');
    here.non_blocking(true);
    std::size_t sent = 0;
    while (!ec || sent == 0) {
        ec = {};
        sent += here.send(asio::buffer(much), message_dont_wait | message_no_signal, ec);
    }
    BOOST_TEST(ec == asio::error::would_block);
    BOOST_TEST(sent > 0u);
}

BOOST_AUTO_TEST_CASE(wait_all_waits_until_the_buffer_is_full) {
    std::thread sender([&] {
        for (const char* part : {"a", "bc", "def"}) here.send(asio::buffer(part, std::strlen(part)));
    });
    BOOST_TEST(there.receive(asio::buffer(block.data(), 6), message_wait_all) == 6u);
    BOOST_TEST(first(6) == "abcdef");
    sender.join();
}

BOOST_AUTO_TEST_CASE(wait_all_ends_with_the_stream) {
    here.send(asio::buffer("abc", 3));
    here.close();
    BOOST_TEST(there.receive(asio::buffer(block.data(), 6), message_wait_all) == 3u);
}

BOOST_AUTO_TEST_CASE(more_joins_the_parts_of_a_datagram) {
    udp::socket from(ex, {asio::ip::address_v4::loopback(), 0}), to(ex, {asio::ip::address_v4::loopback(), 0});
    from.connect(to.local_endpoint());
    from.send(asio::buffer("one ", 4), message_more);
    from.send(asio::buffer("two ", 4), message_more);
    BOOST_TEST(to.available() == 0u);
    from.send(asio::buffer("three", 5));
    BOOST_TEST(first(to.receive(asio::buffer(block))) == "one two three");
}

BOOST_AUTO_TEST_CASE(more_holds_a_segment_back) {
    here.set_option(tcp::no_delay(false));
    here.send(asio::buffer("head", 4), message_more);
    BOOST_TEST(there.available() == 0u);
    here.send(asio::buffer("body", 4));
    wait_for(there, 8);
    BOOST_TEST(first(there.receive(asio::buffer(block))) == "headbody");
}

BOOST_AUTO_TEST_CASE(not_routed_packets_reach_this_machine) {
    udp::socket from(ex, {asio::ip::address_v4::loopback(), 0}), to(ex, {asio::ip::address_v4::loopback(), 0});
    from.send_to(asio::buffer("near", 4), to.local_endpoint(), base::message_do_not_route);
    BOOST_TEST(first(to.receive(asio::buffer(block))) == "near");
    error_code ec;
    const udp::endpoint far(asio::ip::make_address_v4("203.0.113.1"), 9);
    from.send_to(asio::buffer("far", 3), far, base::message_do_not_route, ec);
    BOOST_TEST(ec.failed());
}

BOOST_AUTO_TEST_CASE(the_true_size_of_a_packet_that_was_cut_is_told) {
    udp::socket from(ex, {asio::ip::address_v4::loopback(), 0}), to(ex, {asio::ip::address_v4::loopback(), 0});
    from.send_to(asio::buffer("0123456789", 10), to.local_endpoint());
    BOOST_TEST(to.receive(asio::buffer(block.data(), 4), message_truncate) == 10u);
    BOOST_TEST(first(4) == "0123");
}

BOOST_AUTO_TEST_CASE(an_urgent_byte_is_waited_for_and_taken_beside_the_stream) {
    here.send(asio::buffer("abc", 3));
    here.send(asio::buffer("!", 1), base::message_out_of_band);
    here.send(asio::buffer("def", 3));
    wait_for_urgent();
    BOOST_TEST(!at_urgent_mark(there).value());
    char urgent = 0;
    BOOST_TEST(there.receive(asio::buffer(&urgent, 1), base::message_out_of_band) == 1u);
    BOOST_TEST(urgent == '!');
    wait_for(there, 3);
    BOOST_TEST(first(there.receive(asio::buffer(block))) == "abc");  // not beyond the mark
    BOOST_TEST(at_urgent_mark(there).value());
    BOOST_TEST(first(there.receive(asio::buffer(block))) == "def");
    BOOST_TEST(!at_urgent_mark(there).value());
}

BOOST_AUTO_TEST_CASE(an_urgent_byte_in_line_is_behind_the_mark) {
    there.set_option(base::out_of_band_inline(true));
    here.send(asio::buffer("abc", 3));
    here.send(asio::buffer("!", 1), base::message_out_of_band);
    wait_for_urgent();
    BOOST_TEST(first(there.receive(asio::buffer(block))) == "abc");
    BOOST_TEST(at_urgent_mark(there).value());
    BOOST_TEST(first(there.receive(asio::buffer(block))) == "!");
}

BOOST_AUTO_TEST_CASE(a_socket_without_a_mark_is_an_error_with_its_number) {
    auto [one, two] = make_socket_pair<local_datagram>(ex).value();
    const auto at = at_urgent_mark(one);
    BOOST_REQUIRE(at.has_error());
    BOOST_TEST(at.error().context() == "urgent mark of socket " + std::to_string(one.native_handle()));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
