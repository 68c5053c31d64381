// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/packet.hpp>
#include <parley/net/socket_options.hpp>

#include "socket_tools.hpp"
#include "temporary_directory.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/generic/datagram_protocol.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <string>
#include <string_view>

#include <net/if.h>
#include <sys/socket.h>

BOOST_AUTO_TEST_SUITE(packet_test)

using namespace parley;
using namespace parley::test;
using asio::ip::udp;

using local_protocols = boost::mpl::list<local_datagram, local_seqpacket>;

struct packet_fixture : socket_fixture {
    std::array<char, 64> block{};

    template <typename Socket>
    ended<received_packet> receive(Socket& socket, std::size_t room = 64) {
        return end_of<received_packet>(
            io, [&](auto h) { async_receive_packet(socket, asio::buffer(block.data(), room), std::move(h)); });
    }
    template <typename Socket>
    ended<received_packet> receive_from(Socket& socket, typename Socket::endpoint_type& sender) {
        return end_of<received_packet>(
            io, [&](auto h) { async_receive_packet_from(socket, asio::buffer(block), sender, std::move(h)); });
    }
    std::string_view text(const ended<received_packet>& got) const { return {block.data(), got.value.size}; }
    udp::socket bound(const asio::ip::address& to = asio::ip::address_v4::loopback()) {
        return udp::socket(ex, udp::endpoint(to, 0));
    }
};

void put(int socket, std::string_view bytes) {
    BOOST_TEST(::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
}

BOOST_FIXTURE_TEST_SUITE(packet, packet_fixture)

BOOST_AUTO_TEST_CASE_TEMPLATE(packets_come_whole_or_are_an_error, Protocol, local_protocols) {
    auto [here, there] = make_socket_pair<Protocol>(ex).value();
    for (const std::size_t n : {0u, 1u, 9u, 10u}) {
        put(here.native_handle(), std::string(n, 'x'));
        const auto got = receive(there, 10);
        BOOST_TEST(!got.ec);
        BOOST_TEST((got.value.size == n && got.value.packet_size == n && !got.value.end));
    }
    put(here.native_handle(), "0123456789a");
    put(here.native_handle(), "next");
    auto got = receive(there, 10);
    BOOST_TEST(got.ec == asio::error::message_size);
    BOOST_TEST((got.value.size == 10u && got.value.packet_size == 11u));
    got = receive(there, 10);
    BOOST_TEST((!got.ec && text(got) == "next"));
    put(here.native_handle(), "");
    put(here.native_handle(), "x");
    BOOST_TEST(!receive(there, 0).ec);
    BOOST_TEST(receive(there, 0).ec == asio::error::message_size);
}

BOOST_AUTO_TEST_CASE(the_end_of_a_connection_is_told_from_an_empty_packet) {
    auto [here, there] = make_socket_pair<local_seqpacket>(ex).value();
    put(here.native_handle(), "");
    put(here.native_handle(), "");
    here.close();
    BOOST_TEST(!receive(there).value.end);
    BOOST_TEST(!receive(there).value.end);
    BOOST_TEST(receive(there).value.end);
    BOOST_TEST(receive(there).value.end);
}

BOOST_AUTO_TEST_CASE(a_peer_that_left_with_packets_unread_is_no_loss) {
    auto [here, there] = make_socket_pair<local_seqpacket>(ex).value();
    put(here.native_handle(), "last words");
    put(there.native_handle(), "unread");
    here.close();
    BOOST_TEST(receive(there).ec == asio::error::connection_reset);
    BOOST_TEST(text(receive(there)) == "last words");
    BOOST_TEST(receive(there).value.end);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(descriptors_that_come_with_a_packet_are_closed, Protocol, local_protocols) {
    auto [here, there] = make_socket_pair<Protocol>(ex).value();
    const auto file = file_with("");
    const auto before = descriptor_count();
    for (const std::size_t n : {1u, 2u, 253u}) {
        send(here, "x", repeated(file.get(), n));
        BOOST_TEST((receive(there).ec == errc::too_many_descriptors));
        BOOST_TEST(descriptor_count() == before);
    }
    asio::generic::datagram_protocol::socket generic(ex);
    if constexpr (std::is_same_v<Protocol, local_datagram>) {
        generic = std::move(there);
        send(here, "x", repeated(file.get(), 5));
        BOOST_TEST((receive(generic).ec == errc::too_many_descriptors));
        BOOST_TEST(descriptor_count() == before);
    }
}

BOOST_AUTO_TEST_CASE(the_largest_datagram_of_udp_comes_and_a_larger_one_does_not_go) {
    auto from = bound(), to = bound();
    std::string largest(65'507, 'x'), room(65'507, '\0');
    BOOST_TEST(from.send_to(asio::buffer(largest), to.local_endpoint()) == largest.size());
    auto got = end_of<received_packet>(io, [&](auto h) { async_receive_packet(to, asio::buffer(room), std::move(h)); });
    BOOST_TEST((!got.ec && got.value.size == largest.size() && room == largest));
    from.send_to(asio::buffer(largest), to.local_endpoint());
    got = end_of<received_packet>(
        io, [&](auto h) { async_receive_packet(to, asio::buffer(room.data(), room.size() - 1), std::move(h)); });
    BOOST_TEST((got.ec == asio::error::message_size && got.value.packet_size == largest.size()));
    error_code ec;
    largest += 'x';
    from.send_to(asio::buffer(largest), to.local_endpoint(), 0, ec);
    BOOST_TEST(ec == asio::error::message_size);
}

BOOST_AUTO_TEST_CASE(an_empty_datagram_of_udp_is_no_end) {
    auto from = bound(), to = bound();
    from.send_to(asio::buffer("", 0), to.local_endpoint());
    from.send_to(asio::buffer("more", 4), to.local_endpoint());
    udp::endpoint sender;
    const auto got = receive_from(to, sender);
    BOOST_TEST((!got.ec && !got.value.end && got.value.size == 0));
    BOOST_TEST(sender == from.local_endpoint());
    BOOST_TEST(text(receive(to)) == "more");
    ::shutdown(to.native_handle(), SHUT_RD);  // says that it is not connected, and does it
    BOOST_TEST(receive(to).value.end);
}

BOOST_AUTO_TEST_CASE(a_connected_socket_hears_its_peer_only) {
    auto server = bound(), client = bound(), stranger = bound();
    client.connect(server.local_endpoint());
    stranger.send_to(asio::buffer("spoofed", 7), client.local_endpoint());
    server.send_to(asio::buffer("true", 4), client.local_endpoint());
    udp::endpoint sender;
    const auto got = receive_from(client, sender);
    BOOST_TEST(text(got) == "true");
    BOOST_TEST(sender == server.local_endpoint());
    BOOST_TEST(!try_receive_packet(client, asio::buffer(block)).value().has_value());
}

BOOST_AUTO_TEST_CASE(a_peer_that_is_not_there_is_connection_refused_and_the_socket_goes_on) {
    auto client = bound(), server = bound();
    const auto place = server.local_endpoint();
    client.connect(place);
    server.close();
    client.send(asio::buffer("x", 1));
    BOOST_TEST(receive(client).ec == asio::error::connection_refused);
    udp::socket again(ex, place);
    again.send_to(asio::buffer("back", 4), client.local_endpoint());
    BOOST_TEST(text(receive(client)) == "back");
}

BOOST_AUTO_TEST_CASE(a_unix_sender_is_known_by_its_name_if_it_has_one) {
    const temporary_directory directory;
    local_datagram::socket to(ex, local_datagram::endpoint(directory / "to"));
    local_datagram::socket named(ex, local_datagram::endpoint(directory / "named")), nameless(ex, local_datagram());
    local_datagram::endpoint sender("something");
    named.send_to(asio::buffer("a", 1), to.local_endpoint());
    receive_from(to, sender);
    BOOST_TEST(sender.path() == directory / "named");
    nameless.send_to(asio::buffer("b", 1), to.local_endpoint());
    receive_from(to, sender);
    BOOST_TEST(sender.path() == "");
    const auto got = try_receive_packet_from(to, asio::buffer(block), sender);
    BOOST_TEST(!got.value().has_value());
}

BOOST_AUTO_TEST_CASE(the_arrival_of_a_datagram_is_told_where_it_was_asked_for) {
    for (const bool v6 : {false, true}) {
        udp::socket from(ex), to(ex);
        error_code ec;
        const auto any = v6 ? asio::ip::address(asio::ip::address_v6::any()) : asio::ip::address_v4::any();
        const auto here = v6 ? asio::ip::address(asio::ip::address_v6::loopback()) : asio::ip::address_v4::loopback();
        to.open(v6 ? udp::v6() : udp::v4());
        to.bind({any, 0}, ec);
        from.open(v6 ? udp::v6() : udp::v4());
        if (!ec) from.connect({here, to.local_endpoint().port()}, ec);
        if (ec) continue;  // no IPv6 here
        from.send(asio::buffer("x", 1));
        BOOST_TEST(!receive(to).value.arrival.has_value());
        to.set_option(receive_arrival(true));
        from.send(asio::buffer("x", 1));
        const auto got = receive(to);
        BOOST_REQUIRE(got.value.arrival.has_value());
        BOOST_TEST(got.value.arrival->destination == here);
        BOOST_TEST(got.value.arrival->interface == ::if_nametoindex("lo"));
    }
}

BOOST_AUTO_TEST_CASE(a_receive_waits_and_is_cancelled) {
    auto from = bound(), to = bound();
    ended<received_packet> got;
    async_receive_packet(to, asio::buffer(block), got.handler());
    run_ready(io);
    BOOST_TEST(!got.done());
    from.send_to(asio::buffer("late", 4), to.local_endpoint());
    run_until(io, [&] { return got.done(); });
    BOOST_TEST(text(got) == "late");
    ended<received_packet> cancelled;
    async_receive_packet(to, asio::buffer(block), cancelled.handler());
    run_ready(io);
    to.cancel();
    run_until(io, [&] { return cancelled.done(); });
    BOOST_TEST(cancelled.ec == asio::error::operation_aborted);
    to.close();
    BOOST_TEST(receive(to).ec == asio::error::bad_descriptor);
}

// Between the kernel's word and the handler that hears it, which waits for its turn on a strand.
BOOST_AUTO_TEST_CASE(a_slot_or_a_close_between_two_tries_ends_a_receive) {
    const auto strand = asio::make_strand(io);
    for (const bool by_slot : {true, false}) {
        udp::socket from = bound(), to(executor(strand), udp::endpoint(asio::ip::address_v4::loopback(), 0));
        asio::cancellation_signal stop;
        ended<received_packet> got;
        async_receive_packet(to, asio::buffer(block), asio::bind_cancellation_slot(stop.slot(), got.handler()));
        run_ready(io);
        from.send_to(asio::buffer("taken", 5), to.local_endpoint());
        asio::post(io, [&] {
            asio::post(strand, [&] {
                char byte = 0;
                BOOST_TEST(::recv(to.native_handle(), &byte, 1, MSG_DONTWAIT) == 1);
                if (by_slot)
                    stop.emit(asio::cancellation_type::total);
                else
                    to.close();
            });
        });
        run_until(io, [&] { return got.done(); });
        BOOST_TEST(got.ec == asio::error::operation_aborted);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
