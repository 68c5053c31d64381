// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/datagram.hpp>
#include <parley/net/packet.hpp>

#include "skip.hpp"
#include "socket_tools.hpp"
#include "temporary_directory.hpp"

#include <boost/asio/ip/multicast.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/ip/unicast.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <net/if.h>
#include <sys/stat.h>

BOOST_AUTO_TEST_SUITE(datagram_test)

using namespace parley;
using namespace parley::test;
using asio::ip::udp;

address at(const std::string& text) { return address::parse(text).value(); }

struct datagram_fixture : socket_fixture {
    temporary_directory directory;
    std::array<char, 64> block{};

    template <typename Socket>
    std::string receive(Socket& socket, typename Socket::endpoint_type& sender) {
        const auto got = end_of<received_packet>(
            io, [&](auto h) { async_receive_packet_from(socket, asio::buffer(block), sender, std::move(h)); });
        return got.ec ? got.ec.message() : std::string(block.data(), got.value.size);
    }
    template <typename Socket>
    std::string receive(Socket& socket) {
        typename Socket::endpoint_type sender;
        return receive(socket, sender);
    }
    template <typename Socket>
    std::optional<std::string> waiting(Socket& socket) {
        const auto got = try_receive_packet(socket, asio::buffer(block)).value();
        if (!got) return std::nullopt;
        return std::string(block.data(), got->size);
    }
    template <typename Sender>
    void send(Sender&& from, std::string_view text) {
        BOOST_TEST(from.socket.send_to(asio::buffer(text), from.destination) == text.size());
    }
    // The address that a receiver at port 0 has got.
    template <typename Receiver>
    std::string port_of(const Receiver& r) {
        return std::to_string(r.socket.local_endpoint().port());
    }
    error failure(const std::string& text) {
        const auto opened = open_datagram_receiver(ex, at(text));
        BOOST_REQUIRE(opened.has_error());
        return opened.error();
    }
};

BOOST_FIXTURE_TEST_SUITE(datagram, datagram_fixture)

BOOST_AUTO_TEST_CASE(a_question_and_its_answer_go_over_any_kind_that_has_answers) {
    const auto free_port = port_of(open_datagram_receiver<udp>(ex, at("udp:0")).value());
    for (const auto& text :
         {"unix-dgram:" + directory.path() + "/s", "unix-dgram:@parley-" + std::to_string(::getpid()),
          "udp:" + free_port, "udp:localhost:" + free_port}) {
        auto server = open_datagram_receiver(ex, at(text)).value();
        auto client = open_datagram_sender(ex, at(text)).value();
        BOOST_TEST(is_close_on_exec(server.socket.native_handle()));
        send(client, "question");
        asio::generic::datagram_protocol::endpoint who;
        BOOST_TEST(receive(server.socket, who) == "question");
        BOOST_TEST(server.socket.send_to(asio::buffer("answer", 6), who) == 6u);
        BOOST_TEST(receive(client.socket) == "answer");
    }
}

BOOST_AUTO_TEST_CASE(a_unix_receiver_has_a_file_with_its_rights_and_removes_it) {
    const auto path = directory / "s";
    {
        auto server = open_datagram_receiver<local_datagram>(ex, at("unix-dgram:" + path + "?mode=0620")).value();
        struct stat facts {};
        BOOST_TEST(::stat(path.c_str(), &facts) == 0);
        BOOST_TEST((facts.st_mode & 0777) == 0620u);
        BOOST_TEST(failure("unix-dgram:" + path).code() == asio::error::address_in_use);
        server.file.release();
    }
    BOOST_TEST(std::filesystem::exists(path));
    {
        auto server = open_datagram_receiver<local_datagram>(ex, at("unix-dgram:" + path)).value();  // a stale one
        auto client = open_datagram_sender<local_datagram>(ex, at("unix-dgram:" + path)).value();
        send(client, "again");
        BOOST_TEST(receive(server.socket) == "again");
    }
    BOOST_TEST(!std::filesystem::exists(path));
}

BOOST_AUTO_TEST_CASE(a_sender_to_one_hears_that_one_only) {
    auto server = open_datagram_receiver<udp>(ex, at("udp:0")).value();
    auto client = open_datagram_sender<udp>(ex, at("udp:" + port_of(server))).value();
    auto stranger =
        open_datagram_sender<udp>(ex, at("udp:" + std::to_string(client.socket.local_endpoint().port()))).value();
    send(stranger, "spoofed");
    send(client, "question");
    udp::endpoint who;
    BOOST_TEST(receive(server.socket, who) == "question");
    server.socket.send_to(asio::buffer("answer", 6), who);
    BOOST_TEST(receive(client.socket) == "answer");
    BOOST_TEST(!waiting(client.socket).has_value());
}

BOOST_AUTO_TEST_CASE(a_group_is_heard_by_all_who_joined_it_and_left_by_closing) {
    const auto free_port = port_of(open_datagram_receiver<udp>(ex, at("udp:0")).value());
    const std::string group = "udp-multicast:239.255.77.1:" + free_port + "%lo",
                      other = "udp-multicast:239.255.77.2:" + free_port + "%lo";
    auto one = open_datagram_receiver<udp>(ex, at(group)).value(),
         two = open_datagram_receiver<udp>(ex, at(group)).value();
    auto elsewhere = open_datagram_receiver<udp>(ex, at(other)).value();
    auto sender = open_datagram_sender<udp>(ex, at(group + "?ttl=0&loop=1")).value();
    send(sender, "to all");
    udp::endpoint who;
    BOOST_TEST(receive(one.socket, who) == "to all");
    BOOST_TEST(receive(two.socket) == "to all");
    BOOST_TEST(!waiting(elsewhere.socket).has_value());
    one.socket.send_to(asio::buffer("answer", 6), who);  // whoever is in the group may answer
    udp::endpoint from;
    BOOST_TEST(receive(sender.socket, from) == "answer");
    two.socket.close();
    send(sender, "once more");
    BOOST_TEST(receive(one.socket) == "once more");
}

BOOST_AUTO_TEST_CASE(a_group_of_version_6_is_joined_by_the_name_of_the_interface) {
    const auto free_port = port_of(open_datagram_receiver<udp>(ex, at("udp:0")).value());
    const auto group = at("udp-multicast:[ff02::7777]:" + free_port + "%lo");
    auto one = open_datagram_receiver<udp>(ex, group);
    auto sender = open_datagram_sender<udp>(ex, group);
    if (!one || !sender) return skip_case("no multicast of IPv6 here");
    error_code ec;
    sender->socket.send_to(asio::buffer("to all", 6), sender->destination, 0, ec);
    if (ec) return skip_case("no multicast of IPv6 here: ", ec.message());
    BOOST_TEST(receive(one->socket) == "to all");
}

BOOST_AUTO_TEST_CASE(a_broadcast_goes_only_where_it_was_asked_for) {
    auto server = open_datagram_receiver<udp>(ex, at("udp:0.0.0.0:0")).value();
    const auto to = "udp:127.255.255.255:" + port_of(server);
    const auto refused = open_datagram_sender<udp>(ex, at(to));
    BOOST_REQUIRE(refused.has_error());
    BOOST_TEST(refused.error().code() == boost::system::errc::permission_denied);
    auto sender = open_datagram_sender<udp>(ex, at(to + "?broadcast=1")).value();
    send(sender, "to everybody");
    udp::endpoint who;
    BOOST_TEST(receive(server.socket, who) == "to everybody");
    server.socket.send_to(asio::buffer("here", 4), who);
    BOOST_TEST(receive(sender.socket) == "here");
}

BOOST_AUTO_TEST_CASE(a_receiver_knows_its_address) {
    const auto of = [&](const std::string& text) { return open_datagram_receiver(ex, at(text)).value(); };
    const auto one = of("udp:0?rcvbuf=10000"), six = of("udp:[::]:0");
    BOOST_TEST(to_string(one.local_address).starts_with("udp:127.0.0.1:"));
    BOOST_TEST(one.local_address.port() != 0);
    BOOST_TEST(to_string(six.local_address).starts_with("udp:[::]:"));
    const auto group = of("udp-multicast:239.255.77.1:0%lo?ttl=0");
    BOOST_TEST(to_string(group.local_address) ==
               "udp-multicast:239.255.77.1:" + std::to_string(group.local_address.port()) + "%lo");
    auto member = of(to_string(group.local_address));
    send(open_datagram_sender(ex, group.local_address).value(), "to all");
    BOOST_TEST(receive(member.socket) == "to all");
    BOOST_TEST(of("unix-dgram:" + directory.path() + "/s?mode=0600").local_address ==
               at("unix-dgram:" + directory.path() + "/s"));
}

BOOST_AUTO_TEST_CASE(options_are_on_the_socket) {
    auto sender = open_datagram_sender<udp>(ex, at("udp-multicast:239.255.77.1:9%lo?ttl=7&loop=0")).value();
    asio::ip::multicast::hops hops;
    sender.socket.get_option(hops);
    BOOST_TEST(hops.value() == 7);
    asio::ip::multicast::enable_loopback loop;
    sender.socket.get_option(loop);
    BOOST_TEST(!loop.value());
    auto unicast = open_datagram_sender<udp>(ex, at("udp:9?ttl=9&rcvbuf=10000")).value();
    asio::ip::unicast::hops unicast_hops;
    unicast.socket.get_option(unicast_hops);
    BOOST_TEST(unicast_hops.value() == 9);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_opened_is_an_error_with_the_address) {
    auto server = open_datagram_receiver<udp>(ex, at("udp:0")).value();
    BOOST_TEST(failure("udp:" + port_of(server)).message() ==
               "address 'udp:127.0.0.1:" + port_of(server) + "': bind: Address already in use");
    BOOST_TEST((failure("tcp:80").code() == errc::invalid_argument));
    BOOST_TEST((failure("fd:3").code() == errc::invalid_argument));
    BOOST_TEST((failure("udp:example.org:80").code() == errc::invalid_argument));
    BOOST_TEST((open_datagram_receiver<local_datagram>(ex, at("udp:0")).error().code() == errc::invalid_argument));
    BOOST_TEST((open_datagram_receiver<udp>(ex, at("unix-dgram:@x")).error().code() == errc::invalid_argument));
    BOOST_TEST(failure("udp-multicast:239.255.77.1:0%no-such").code() == boost::system::errc::no_such_device);
    const auto nobody = open_datagram_sender(ex, at("unix-dgram:" + directory.path() + "/none"));
    BOOST_REQUIRE(nobody.has_error());
    BOOST_TEST(nobody.error().code() == boost::system::errc::no_such_file_or_directory);
    for (const auto* nowhere : {"udp:0", "udp-multicast:239.255.77.1:0"}) {
        const auto sender = open_datagram_sender(ex, at(nowhere));
        BOOST_REQUIRE(sender.has_error());
        BOOST_TEST(sender.error().message().find("nobody receives at port 0") != std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
