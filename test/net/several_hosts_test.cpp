// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Two hosts with a cable between them: what crosses it and what does not.

#include <parley/net/datagram.hpp>
#include <parley/net/packet.hpp>

#include "forked.hpp"
#include "net_namespaces.hpp"
#include "served.hpp"
#include "skip.hpp"

#include <boost/asio/ip/multicast.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/test/data/test_case.hpp>

#include <array>
#include <chrono>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

BOOST_AUTO_TEST_SUITE(several_hosts_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;
using asio::ip::udp;
using inside = net_namespace::inside;
namespace data = boost::unit_test::data;

struct hosts_fixture : process_fixture {
    std::optional<two_hosts> hosts;
    std::array<char, 64> block{};

    /// False, with a message, where there cannot be two hosts.
    bool are_here() {
        try {
            hosts.emplace(*this);
            return true;
        } catch (const std::exception& e) {
            skip_case("needs root, iproute2 and network namespaces: ", e.what());
            return false;
        }
    }
    auto receiver(const net_namespace& host, const std::string& text) {
        const inside there(host);
        return open_datagram_receiver<udp>(ex, at(text)).value();
    }
    auto sender(const net_namespace& host, const std::string& text) {
        const inside there(host);
        return open_datagram_sender<udp>(ex, at(text)).value();
    }
    template <typename Sender>
    void send(Sender& from, std::string_view text) {
        BOOST_TEST(from.socket.send_to(asio::buffer(text), from.destination) == text.size());
    }
    std::string receive(udp::socket& socket, udp::endpoint& from) {
        std::optional<std::size_t> size;
        async_receive_packet_from(socket, asio::buffer(block), from, [&](error_code ec, received_packet got) {
            BOOST_TEST(!ec);
            size = got.size;
        });
        run_until(io, [&] { return size.has_value(); });
        return {block.data(), *size};
    }
    std::string receive(udp::socket& socket) {
        udp::endpoint from;
        return receive(socket, from);
    }
    bool has_nothing(udp::socket& socket) {
        return !try_receive_packet(socket, asio::buffer(block)).value().has_value();
    }
    /// How many memberships of the group 239.255.77.1 the host has, as it tells its routers.
    std::size_t members(const net_namespace& host) const {
        const inside there(host);
        std::ifstream in("/proc/thread-self/net/igmp");
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        const auto found = text.find("014DFFEF");
        return found == std::string::npos ? 0 : std::stoul(text.substr(found + 8));
    }

    error_code connect_failure(const net_namespace& host, const address& a) {
        const inside there(host);
        std::optional<error_code> ended;
        async_connect(ex, a, [&](error_code ec, any_stream) { ended = ec; });
        run_until(io, [&] { return ended.has_value(); });
        return *ended;
    }
};

/// A program on the host that echoes over TCP and ends when it is killed.
class server_on {
public:
    explicit server_on(const net_namespace& host, const std::string& where) {
        int ends[2];
        BOOST_TEST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        const unique_fd port(ends[0]), to(ends[1]);
        program_.emplace([&] {
            const inside there(host);
            asio::io_context own;
            auto server = parley::listen(own.get_executor(), at(where)).value();
            const std::uint16_t found = server.local_address().port();
            if (::write(to.get(), &found, sizeof found) != sizeof found) return 1;
            endings told;
            asio::co_spawn(own, serve(server, told), asio::detached);
            own.run();
            return 2;
        });
        BOOST_TEST_REQUIRE(::read(port.get(), &port_, sizeof port_) == sizeof port_);
    }

    std::uint16_t port() const noexcept { return port_; }

private:
    std::optional<forked> program_;
    std::uint16_t port_ = 0;
};

/// Says `text` in parts, each when the one before has come back.
task<std::size_t> echoed_parts(any_stream& s, std::size_t parts) {
    std::size_t right = 0;
    for (std::size_t i = 0; i < parts; ++i) {
        std::string text(20'000, static_cast<char>('a' + i % 26));
        text += std::to_string(i);
        right += co_await is_echoed(s, text) ? 1 : 0;
    }
    co_return right;
}

BOOST_FIXTURE_TEST_SUITE(several_hosts, hosts_fixture)

BOOST_AUTO_TEST_CASE(a_group_is_heard_by_the_hosts_that_joined_it) {
    if (!are_here()) return;
    auto there = receiver(hosts->right, "udp-multicast:239.255.77.1:0%cable-r");
    const auto port = std::to_string(there.local_address.port());
    auto also_there = receiver(hosts->right, "udp-multicast:239.255.77.1:" + port + "%cable-r");
    auto from_here = sender(hosts->left, "udp-multicast:239.255.77.1:" + port + "%cable-l");
    BOOST_TEST(members(hosts->right) == 2u);
    send(from_here, "across");
    udp::endpoint who;
    BOOST_TEST(receive(there.socket, who) == "across");
    BOOST_TEST(who.address().to_string() == "10.77.0.1");
    BOOST_TEST(receive(also_there.socket) == "across");
    there.socket.send_to(asio::buffer("answer", 6), who);
    udp::endpoint answered;
    BOOST_TEST(receive(from_here.socket, answered) == "answer");
    BOOST_TEST(answered.address().to_string() == "10.77.0.2");

    // One leaves, and stays open.
    also_there.socket.set_option(asio::ip::multicast::leave_group(asio::ip::make_address_v4("239.255.77.1"),
                                                                  asio::ip::make_address_v4("10.77.0.2")));
    BOOST_TEST(members(hosts->right) == 1u);
    send(from_here, "to one");
    BOOST_TEST(receive(there.socket) == "to one");
    BOOST_TEST(has_nothing(also_there.socket));
    there.socket.close();
    BOOST_TEST(members(hosts->right) == 0u);
}

BOOST_AUTO_TEST_CASE(a_group_without_hops_stays_on_its_host) {
    if (!are_here()) return;
    auto there = receiver(hosts->right, "udp-multicast:239.255.77.1:0%cable-r");
    const auto group = "udp-multicast:239.255.77.1:" + std::to_string(there.local_address.port()) + "%cable-l";
    auto here = receiver(hosts->left, group);
    auto quiet = sender(hosts->left, group + "?ttl=0"), loud = sender(hosts->left, group + "?ttl=1"),
         deaf = sender(hosts->left, group + "?ttl=1&loop=0");
    send(quiet, "only here");
    BOOST_TEST(receive(here.socket) == "only here");
    send(loud, "everywhere");
    BOOST_TEST(receive(there.socket) == "everywhere");
    BOOST_TEST(receive(here.socket) == "everywhere");
    send(deaf, "only there");
    BOOST_TEST(receive(there.socket) == "only there");
    BOOST_TEST(has_nothing(here.socket));
}

BOOST_AUTO_TEST_CASE(a_group_of_version_6_crosses_by_its_interface) {
    if (!two_hosts::has_ipv6()) return skip_case("no IPv6 here");
    if (!are_here()) return;
    auto there = receiver(hosts->right, "udp-multicast:[ff02::7777]:0%cable-r");
    auto from_here = sender(
        hosts->left, "udp-multicast:[ff02::7777]:" + std::to_string(there.local_address.port()) + "%cable-l?ttl=1");
    send(from_here, "across");
    udp::endpoint who;
    BOOST_TEST(receive(there.socket, who) == "across");
    BOOST_TEST(who.address().to_v6().is_link_local());
}

BOOST_DATA_TEST_CASE(a_connection_crosses, data::make({"10.77.0.2", "[fe80::2%cable-l]"}), host) {
    const bool is_v6 = std::string_view(host).starts_with('[');
    if (is_v6 && !two_hosts::has_ipv6()) return skip_case("no IPv6 here");
    if (!are_here()) return;
    const server_on other(hosts->right, is_v6 ? "tcp:[fe80::2%cable-r]:0" : "tcp:10.77.0.2:0");
    const inside here(hosts->left);
    run_task(io, [](address where) -> task<> {
        auto client = co_await client_of(where, to_echo);
        BOOST_TEST(co_await echoed_parts(client, 50) == 50u);
    }(at("tcp:" + std::string(host) + ":" + std::to_string(other.port()))));
}

BOOST_AUTO_TEST_CASE(a_bad_line_loses_no_byte) {
    if (!are_here()) return;
    for (const auto* host : {&hosts->left, &hosts->right}) {
        const std::string cable = host == &hosts->left ? "cable-l" : "cable-r";
        const auto made = hosts->on(*host, "tc qdisc add dev " + cable + " root netem loss 5% delay 5ms");
        if (made.status.success()) continue;
        return skip_case("the kernel has no netem: ", made.err);
    }
    const server_on other(hosts->right, "tcp:10.77.0.2:0");
    const inside here(hosts->left);
    run_task(io, [](address where) -> task<> {
        auto client = co_await client_of(where, to_echo);
        BOOST_TEST(co_await echoed_parts(client, 50) == 50u);
    }(at("tcp:10.77.0.2:" + std::to_string(other.port()))));
}

BOOST_AUTO_TEST_CASE(a_cable_that_is_pulled_for_a_while_loses_no_byte) {
    if (!are_here()) return;
    const server_on other(hosts->right, "tcp:10.77.0.2:0");
    std::optional<any_stream> client;
    {
        const inside here(hosts->left);
        run_task(io, [](address where, std::optional<any_stream>& to) -> task<> {
            to = co_await client_of(where, to_echo);
            BOOST_TEST(co_await is_echoed(*to, "before"));
        }(at("tcp:10.77.0.2:" + std::to_string(other.port())), client));
    }
    hosts->ip(hosts->right, "link set cable-r down");
    std::optional<std::size_t> right;
    asio::co_spawn(io, echoed_parts(*client, 20), [&](std::exception_ptr e, std::size_t n) {
        BOOST_TEST(!e);
        right = n;
    });
    asio::steady_timer without(io, 300ms);  // more than one of TCP's attempts
    bool over = false;
    without.async_wait([&](error_code) { over = true; });
    run_until(io, [&] { return over; });
    BOOST_TEST(!right);
    hosts->ip(hosts->right, "link set cable-r up");
    run_until(io, [&] { return right.has_value(); });
    BOOST_TEST(*right == 20u);
}

BOOST_AUTO_TEST_CASE(a_host_that_does_not_answer_ends_at_the_deadline) {
    if (!are_here()) return;
    hosts->ip(hosts->left, "route add 10.78.0.0/24 via 10.77.0.2");
    hosts->ip(hosts->right, "route add blackhole 10.78.0.0/24");
    BOOST_TEST(connect_failure(hosts->left, at("tcp:10.78.0.1:80?connect_timeout=200")) == asio::error::timed_out);
    // Nor is there anybody at this address of the cable.
    BOOST_TEST(connect_failure(hosts->left, at("tcp:10.77.0.9:80?connect_timeout=200")) == asio::error::timed_out);
    hosts->ip(hosts->left, "route add unreachable 10.79.0.0/24");
    BOOST_TEST(connect_failure(hosts->left, at("tcp:10.79.0.1:80")) == asio::error::host_unreachable);
}

BOOST_AUTO_TEST_CASE(without_a_host_no_other_host_can_connect) {
    if (!are_here()) return;
    const server_on other(hosts->right, "tcp:0");
    BOOST_TEST(connect_failure(hosts->left, at("tcp:10.77.0.2:" + std::to_string(other.port()))) ==
               asio::error::connection_refused);
}

BOOST_AUTO_TEST_CASE(a_socket_never_connects_to_itself) {
    if (!are_here()) return;
    // The kernel takes the port of an attempt from these two; if it is the one that is asked for, TCP is content. On
    // one host with stock sockets, on the other with ours: who has met itself keeps the port for a minute.
    for (const auto* host : {&hosts->left, &hosts->right})
        BOOST_TEST_REQUIRE(
            hosts->on(*host, "echo 40000 40001 > /proc/sys/net/ipv4/ip_local_port_range").status.success());
    bool has_met_itself = false;
    for (int i = 0; i < 20; ++i) {
        const inside there(hosts->right);
        const raw_socket stock(SOCK_STREAM, AF_INET);
        const auto to = to_socket_address(at("tcp:40000")).value();
        has_met_itself = has_met_itself || ::connect(stock.fd(), to.data(), to.size) == 0;
    }
    BOOST_TEST(has_met_itself);
    for (int i = 0; i < 20; ++i)
        BOOST_TEST(connect_failure(hosts->left, at("tcp:40000")) == asio::error::connection_refused);
}

BOOST_AUTO_TEST_CASE(an_abstract_name_is_of_one_host) {
    if (!are_here()) return;
    const auto name = at("unix:@parley-" + std::to_string(::getpid()));
    std::optional<listener> server, namesake;
    {
        const inside there(hosts->right);
        server = parley::listen(ex, name).value();
        BOOST_TEST(parley::listen(ex, name).error().code() == asio::error::address_in_use);
    }
    BOOST_TEST(!connect_failure(hosts->right, name));
    BOOST_TEST(connect_failure(hosts->left, name) == asio::error::connection_refused);
    const inside here(hosts->left);
    namesake = parley::listen(ex, name).value();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
