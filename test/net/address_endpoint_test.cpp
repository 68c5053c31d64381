// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/address_endpoint.hpp>

#include "leftovers.hpp"
#include "temporary_directory.hpp"

#include <boost/asio/generic/seq_packet_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/icmp.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/local/datagram_protocol.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>
#include <string_view>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(address_endpoint_test)

using namespace parley;
using parley::test::no_leftovers;
using parley::test::temporary_directory;

using stream = asio::local::stream_protocol;
using datagram = asio::local::datagram_protocol;
using asio::ip::tcp;
using asio::ip::udp;

// A protocol as another Boost, or a user, may have it.
struct seqpacket {
    using endpoint = asio::local::basic_endpoint<seqpacket>;
    int type() const noexcept { return SOCK_SEQPACKET; }
    int protocol() const noexcept { return 0; }
    int family() const noexcept { return AF_UNIX; }
};

address parse(std::string_view text) { return address::parse(text).value(); }

// The name of a socket as the kernel has it, byte for byte.
std::string kernels_name(int fd) {
    sockaddr_un name{};
    socklen_t size = sizeof name;
    BOOST_REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) == 0);
    return {name.sun_path, size - offsetof(sockaddr_un, sun_path)};
}

// A name that no other test has.
std::string own_name(std::string_view rest) { return "parley-" + std::to_string(::getpid()) + "-" + std::string(rest); }

BOOST_FIXTURE_TEST_SUITE(endpoints, no_leftovers)

BOOST_AUTO_TEST_CASE(local_addresses_are_local_endpoints) {
    BOOST_TEST(to_endpoint<stream::endpoint>(parse("unix:/run/x")).value() == stream::endpoint("/run/x"));
    BOOST_TEST(to_endpoint<datagram::endpoint>(parse("unix-dgram:x")).value() == datagram::endpoint("x"));
    BOOST_TEST(to_endpoint<seqpacket::endpoint>(parse("unix-seqpacket:x")).value() == seqpacket::endpoint("x"));
    const std::string abstract("\0name", 5);
    BOOST_TEST(to_endpoint<stream::endpoint>(parse("unix:@name")).value() == stream::endpoint(abstract));
}

BOOST_AUTO_TEST_CASE(numeric_addresses_are_ip_endpoints) {
    using asio::ip::make_address;
    BOOST_TEST(to_endpoint<tcp::endpoint>(parse("tcp:80")).value() == tcp::endpoint(make_address("127.0.0.1"), 80));
    BOOST_TEST(to_endpoint<tcp::endpoint>(parse("tcp:[::1]:0")).value() == tcp::endpoint(make_address("::1"), 0));
    BOOST_TEST(to_endpoint<udp::endpoint>(parse("udp:255.255.255.255:65535")).value() ==
               udp::endpoint(make_address("255.255.255.255"), 65535));
    BOOST_TEST(to_endpoint<udp::endpoint>(parse("udp-multicast:239.1.1.1:5%eth0")).value() ==
               udp::endpoint(make_address("239.1.1.1"), 5));
    BOOST_TEST(to_endpoint<udp::endpoint>(parse("udp-multicast:[ff05::1]:5%eth0")).value() ==
               udp::endpoint(make_address("ff05::1"), 5));
}

BOOST_AUTO_TEST_CASE(a_zone_by_number_is_the_scope) {
    const auto link = to_endpoint<tcp::endpoint>(parse("tcp:[fe80::1%7]:80")).value();
    BOOST_TEST(link.address().to_v6().scope_id() == 7u);
    const auto group = to_endpoint<udp::endpoint>(parse("udp-multicast:[ff02::1]:80%7")).value();
    BOOST_TEST(group.address().to_v6().scope_id() == 7u);
    BOOST_TEST(to_address(link).value() == parse("tcp:[fe80::1%7]:80"));
    BOOST_TEST(to_address(group).value() == parse("udp:[ff02::1%7]:80"));
}

BOOST_AUTO_TEST_CASE(what_must_be_looked_up_is_refused) {
    const auto name = to_endpoint<tcp::endpoint>(parse("tcp:localhost:80"));
    BOOST_TEST(name.error().message() ==
               "address 'tcp:localhost:80': the host must be resolved first: invalid argument");
    const auto zone = to_endpoint<udp::endpoint>(parse("udp:[fe80::1%eth0]:80"));
    BOOST_TEST(zone.error().message() ==
               "address 'udp:[fe80::1%eth0]:80': the number of interface 'eth0' must be looked up first: "
               "invalid argument");
    BOOST_TEST(to_socket_address(parse("udp-multicast:[ff02::1]:80%eth0")).has_error());
}

BOOST_AUTO_TEST_CASE(another_kind_is_refused) {
    const auto refused = [](const auto& endpoint) {
        return endpoint.has_error() && endpoint.error().code() == errc::invalid_argument;
    };
    BOOST_TEST(refused(to_endpoint<stream::endpoint>(parse("unix-dgram:x"))));
    BOOST_TEST(refused(to_endpoint<stream::endpoint>(parse("unix-seqpacket:x"))));
    BOOST_TEST(refused(to_endpoint<stream::endpoint>(parse("tcp:80"))));
    BOOST_TEST(refused(to_endpoint<datagram::endpoint>(parse("unix:x"))));
    BOOST_TEST(refused(to_endpoint<seqpacket::endpoint>(parse("unix:x"))));
    BOOST_TEST(refused(to_endpoint<tcp::endpoint>(parse("udp:80"))));
    BOOST_TEST(refused(to_endpoint<tcp::endpoint>(parse("unix:x"))));
    BOOST_TEST(refused(to_endpoint<udp::endpoint>(parse("tcp:80"))));
    BOOST_TEST(refused(to_endpoint<asio::ip::icmp::endpoint>(parse("raw:icmp"))));
    for (const auto* text : {"raw:icmp", "raw:icmp6", "fd:3", "systemd:x"})
        BOOST_TEST(refused(to_socket_address(parse(text))), text);
    BOOST_TEST(to_socket_address(parse("fd:3")).error().context() == "address 'fd:3': has no address of the kernel's");
}

BOOST_AUTO_TEST_CASE(paths_of_1_to_107_bytes_are_bound_and_reached_under_exactly_that_name) {
    const temporary_directory place;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(place.path());
    asio::io_context io;
    for (const std::size_t size : {1u, 106u, 107u}) {
        const std::string name(size, 'x');
        const auto a = address::unix_stream(name).value();
        const auto endpoint = to_endpoint<stream::endpoint>(a).value();
        BOOST_TEST(endpoint.path() == name);
        stream::acceptor listener(io, endpoint);
        BOOST_TEST(std::filesystem::is_socket(name));
        BOOST_TEST(kernels_name(listener.native_handle()).substr(0, size) == name);
        stream::socket client(io);
        client.connect(endpoint);
        BOOST_TEST(to_address(client.remote_endpoint()).value() == a);
        BOOST_TEST(to_address(listener.local_endpoint()).value() == a);
    }
    std::filesystem::current_path(before);
}

BOOST_AUTO_TEST_CASE(abstract_names_of_1_to_107_bytes_are_bound_and_reached_under_exactly_that_name) {
    asio::io_context io;
    // The last is what programs use that pass the size of the whole structure to bind.
    std::string padded = own_name("padded"), full = own_name("full"), odd = own_name("odd");
    padded.resize(107);
    full.resize(107, 'x');
    odd += std::string("\0\xff\0y", 4);
    for (const std::string& name : {own_name("a"), odd, own_name("z") + std::string(1, '\0'), full, padded}) {
        const auto a = address::abstract_stream(name).value();
        const auto endpoint = to_endpoint<stream::endpoint>(a).value();
        stream::acceptor listener(io, endpoint);
        BOOST_TEST((kernels_name(listener.native_handle()) == std::string(1, '\0') + name));
        stream::socket client(io);
        client.connect(endpoint);
        BOOST_TEST(to_address(endpoint).value() == a);
        if (name.back() != '\0') {  // Asio drops it when it asks the kernel
            BOOST_TEST(to_address(client.remote_endpoint()).value() == a);
        }
    }
}

BOOST_AUTO_TEST_CASE(socket_addresses_are_what_bind_takes) {
    const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    const auto name = own_name("bound");
    const auto native = to_socket_address(address::abstract_seqpacket(name).value()).value();
    BOOST_TEST(::bind(fd, native.data(), native.size) == 0);
    BOOST_TEST((kernels_name(fd) == std::string(1, '\0') + name));
    ::close(fd);
    BOOST_TEST(to_socket_address(parse("tcp:[::1]:80")).value().size == sizeof(sockaddr_in6));
    BOOST_TEST(to_socket_address(parse("udp:80")).value().size == sizeof(sockaddr_in));
}

BOOST_AUTO_TEST_CASE(endpoints_that_the_kernel_gave_print) {
    asio::io_context io;
    tcp::acceptor listener(io, to_endpoint<tcp::endpoint>(parse("tcp::0")).value());
    const auto local = to_address(listener.local_endpoint()).value();
    BOOST_TEST(local.kind() == address_kind::tcp);
    BOOST_TEST(local.host() == "127.0.0.1");
    BOOST_TEST(local.port() != 0);
    BOOST_TEST(to_string(local) == "tcp:127.0.0.1:" + std::to_string(listener.local_endpoint().port()));
    udp::socket socket(io, to_endpoint<udp::endpoint>(parse("udp::0")).value());
    BOOST_TEST(to_string(to_address(socket.local_endpoint()).value()).starts_with("udp:127.0.0.1:"));
    BOOST_TEST(to_string(to_address(tcp::endpoint(asio::ip::make_address("2001:db8::1"), 80)).value()) ==
               "tcp:[2001:db8::1]:80");
    BOOST_TEST(to_string(to_address(datagram::endpoint("/a b")).value()) == "unix-dgram:/a%20b");
    BOOST_TEST(to_string(to_address(seqpacket::endpoint("x")).value()) == "unix-seqpacket:x");
}

BOOST_AUTO_TEST_CASE(a_scope_where_there_is_none_is_left_out) {
    auto host = asio::ip::make_address_v6("2001:db8::1");
    host.scope_id(5);
    BOOST_TEST(to_string(to_address(tcp::endpoint(host, 80)).value()) == "tcp:[2001:db8::1]:80");
}

BOOST_AUTO_TEST_CASE(endpoints_without_a_name_have_no_address) {
    const auto unnamed = to_address(stream::endpoint());
    BOOST_TEST(unnamed.error().message() == "address of an endpoint: the socket has no name: invalid address");
    const auto odd = to_address(stream::endpoint(std::string("a\0b", 3)));
    BOOST_TEST((odd.error().code() == errc::invalid_address));
    const auto empty = to_address(stream::endpoint(std::string(1, '\0')));
    BOOST_TEST((empty.error().code() == errc::invalid_address));
    const auto other = to_address(asio::ip::icmp::endpoint());
    BOOST_TEST((other.error().code() == errc::invalid_argument));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
