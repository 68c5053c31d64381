// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/packet.hpp>
#include <parley/net/raw.hpp>

#include "skip.hpp"
#include "socket_tools.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(raw_test)

using namespace parley;
using namespace parley::test;

std::vector<std::byte> bytes(std::initializer_list<int> numbers) {
    std::vector<std::byte> all;
    for (const int n : numbers) all.push_back(static_cast<std::byte>(n));
    return all;
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// An IPv4 header of 20 bytes, as RFC 791 has it, before `rest`.
std::vector<std::byte> packet(const std::vector<std::byte>& rest, int first = 0x45, int more = 0) {
    const auto total = static_cast<int>(20 + rest.size()) + more;
    auto all = bytes({first, 0, total >> 8, total & 0xff, 0, 0, 0, 0, 64, 1, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1});
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
}

BOOST_AUTO_TEST_SUITE(raw)

BOOST_AUTO_TEST_CASE(the_checksum_is_that_of_known_messages) {
    // RFC 1071, section 3: the sum of these is ddf2.
    BOOST_TEST(internet_checksum(bytes({0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7})) == 0xffff - 0xddf2);
    // An IPv4 header whose checksum is b861.
    auto header = bytes({0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
                         0x00, 0x00, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7});
    BOOST_TEST(internet_checksum(header) == 0xb861);
    header[10] = std::byte{0xb8}, header[11] = std::byte{0x61};
    BOOST_TEST(internet_checksum(header) == 0);
    BOOST_TEST(internet_checksum({}) == 0xffff);
    BOOST_TEST(internet_checksum(bytes({0x12})) == internet_checksum(bytes({0x12, 0x00})));
    BOOST_TEST(internet_checksum(std::vector<std::byte>(65'535, std::byte{0xff})) == 0x00ff);
}

BOOST_AUTO_TEST_CASE(an_echo_message_is_made_and_read) {
    const auto made = make_icmp_echo(icmp_version::v4, {false, 0x1234, 7, bytes_of("abc")});
    BOOST_TEST((made == bytes({8, 0, 0x21, 0x62, 0x12, 0x34, 0, 7, 'a', 'b', 'c'})));
    BOOST_TEST(internet_checksum(made) == 0);
    for (const auto version : {icmp_version::v4, icmp_version::v6})
        for (const bool reply : {false, true}) {
            const auto message = make_icmp_echo(version, {reply, 0xabcd, 0xffff, bytes_of("the payload")});
            const auto read = parse_icmp_echo(version, message);
            BOOST_REQUIRE(read.has_value());
            BOOST_TEST(read->reply == reply);
            BOOST_TEST(read->identifier == 0xabcd);
            BOOST_TEST(read->sequence == 0xffff);
            BOOST_TEST(std::ranges::equal(read->payload, bytes_of("the payload")));
        }
    BOOST_TEST((make_icmp_echo(icmp_version::v6, {}) == bytes({128, 0, 0, 0, 0, 0, 0, 0})));
}

BOOST_AUTO_TEST_CASE(what_is_no_echo_message_is_none) {
    const auto good = make_icmp_echo(icmp_version::v4, {true, 1, 2, bytes_of("x")});
    for (std::size_t size = 0; size < good.size(); ++size)
        BOOST_TEST(!parse_icmp_echo(icmp_version::v4, std::span(good).first(size)).has_value());
    auto flipped = good;
    flipped.back() ^= std::byte{1};
    BOOST_TEST(!parse_icmp_echo(icmp_version::v4, flipped).has_value());
    BOOST_TEST(!parse_icmp_echo(icmp_version::v6, good).has_value());
    BOOST_TEST(!parse_icmp_echo(icmp_version::v6, bytes({129, 1, 0, 0, 0, 0, 0, 0})).has_value());
    BOOST_TEST(!parse_icmp_echo(icmp_version::v4, bytes({3, 3, 0xfc, 0xfc, 0, 0, 0, 0})).has_value());
}

BOOST_AUTO_TEST_CASE(the_header_of_ip_is_passed_over_within_bounds) {
    const auto message = make_icmp_echo(icmp_version::v4, {true, 1, 2, bytes_of("payload")});
    BOOST_TEST(std::ranges::equal(ipv4_payload(packet(message)).value(), message));
    BOOST_TEST(ipv4_payload(packet({})).value().empty());
    auto longer = packet(message);
    longer.resize(longer.size() + 10);  // padding of the link
    BOOST_TEST(std::ranges::equal(ipv4_payload(longer).value(), message));
    BOOST_TEST(ipv4_payload(packet(message, 0x46)).value().size() == message.size() - 4);  // with an option
    for (const int first : {0x44, 0x40, 0x65, 0x05}) BOOST_TEST(!ipv4_payload(packet(message, first)).has_value());
    BOOST_TEST(!ipv4_payload(packet(message, 0x4f)).has_value());  // a header of 60 bytes
    BOOST_TEST(!ipv4_payload(packet(message, 0x45, 1)).has_value());
    BOOST_TEST(!ipv4_payload(packet(message, 0x45, -16)).has_value());
    const auto whole = packet({});
    for (std::size_t size = 0; size < whole.size(); ++size)
        BOOST_TEST(!ipv4_payload(std::span(whole).first(size)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(raw_socket, socket_fixture)

// The answer of this machine to an echo request.
template <typename Take>
void ping(asio::io_context& io, const char* text, icmp_version version, const asio::ip::address& host, Take take) {
    auto opened = open_raw_socket(io.get_executor(), address::parse(text).value());
    if (opened.has_error() && opened.error().code() == boost::system::errc::operation_not_permitted) {
        BOOST_TEST(opened.error().context() == "address '" + std::string(text) + "': socket");
        return skip_case("needs CAP_NET_RAW");
    }
    auto& socket = opened.value();
    BOOST_TEST(is_close_on_exec(socket.native_handle()));
    const auto id = static_cast<std::uint16_t>(::getpid());
    const auto request = make_icmp_echo(version, {false, id, 9, bytes_of("are you there")});
    error_code ec;
    socket.send_to(asio::buffer(request), {host, 0}, 0, ec);
    if (ec) return skip_case("no ICMP to ", host, " here: ", ec.message());
    for (bool answered = false; !answered;) {
        std::array<std::byte, 256> block;
        asio::ip::icmp::endpoint sender;
        const auto got = end_of<received_packet>(
            io, [&](auto h) { async_receive_packet_from(socket, asio::buffer(block), sender, std::move(h)); });
        BOOST_TEST_REQUIRE((!got.ec || got.ec == asio::error::message_size));
        const auto message = take(std::span<const std::byte>(block.data(), got.value.size));
        if (!message) continue;  // everybody's ICMP comes here
        const auto echo = parse_icmp_echo(version, *message);
        answered = echo && echo->reply && echo->identifier == id && echo->sequence == 9;
        if (!answered) continue;
        BOOST_TEST(std::ranges::equal(echo->payload, bytes_of("are you there")));
        BOOST_TEST(sender.address() == host);
    }
}

BOOST_AUTO_TEST_CASE(this_machine_answers_a_ping) {
    ping(io, "raw:icmp", icmp_version::v4, asio::ip::address_v4::loopback(), ipv4_payload);
}

BOOST_AUTO_TEST_CASE(this_machine_answers_a_ping_of_version_6) {
    ping(io, "raw:icmp6", icmp_version::v6, asio::ip::address_v6::loopback(),
         [](std::span<const std::byte> packet) { return std::optional(packet); });
}

BOOST_AUTO_TEST_CASE(other_addresses_are_refused) {
    const auto opened = open_raw_socket(ex, address::parse("udp:9").value());
    BOOST_REQUIRE(opened.has_error());
    BOOST_TEST((opened.error().code() == errc::invalid_argument));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
