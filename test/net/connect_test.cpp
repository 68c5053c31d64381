// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/connect.hpp>

#include <parley/core/timeout.hpp>
#include <parley/net/datagram.hpp>

#include "fault.hpp"
#include "net_tools.hpp"
#include "skip.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/local/datagram_protocol.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/test/data/test_case.hpp>

#include <chrono>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <netinet/in.h>

BOOST_AUTO_TEST_SUITE(connect_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;
using stream = asio::generic::stream_protocol::socket;

struct connect_fixture : net_fixture {
    error_code failure(const address& a, const connect_options& options = {}) {
        std::optional<error_code> ended;
        async_connect(io.get_executor(), a, options, [&](error_code ec, stream) { ended = ec; });
        run_until(io, [&] { return ended.has_value(); });
        return *ended;
    }
};

BOOST_FIXTURE_TEST_SUITE(connect_suite, connect_fixture)

BOOST_AUTO_TEST_CASE(nobody_there_is_an_error) {
    BOOST_TEST(failure(local()) == code(ENOENT));
    raw_socket().bind(path());
    BOOST_TEST(failure(local()) == code(ECONNREFUSED));
    BOOST_TEST(failure(at("unix:@parley-nobody-is-here")) == code(ECONNREFUSED));
    BOOST_TEST(failure(at("tcp:127.0.0.1:1")) == code(ECONNREFUSED));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_connected_to_is_refused) {
    const auto invalid = make_error_code(errc::invalid_argument);
    BOOST_TEST(failure(at("unix-dgram:/run/s")) == invalid);  // another Protocol
    BOOST_TEST(failure(at("udp:127.0.0.1:5000")) == invalid);
    BOOST_TEST(failure(at("udp-multicast:239.1.1.1:5000")) == invalid);
    BOOST_TEST(failure(at("raw:icmp")) == invalid);
    BOOST_TEST(failure(at("systemd:x")) == invalid);
    BOOST_TEST(failure(at("fd:400")) == code(EBADF));
    BOOST_TEST(failure(at("tcp:127.0.0.1:1"), {.policy = peer_policy::same_user()}) == invalid);
    BOOST_TEST(failure(at("tcp:127.0.0.1:1?interface=nothing")) == code(ENODEV));
}

// connect(2) says EAGAIN then, which stock Asio takes for a success.
BOOST_AUTO_TEST_CASE(a_full_backlog_is_waited_for_and_never_a_connection) {
    raw_socket server;
    BOOST_TEST_REQUIRE(server.bind(path()) == 0);
    BOOST_TEST_REQUIRE(::listen(server.fd(), 0) == 0);
    raw_socket first;
    BOOST_TEST_REQUIRE(first.connect(path()) == 0);

    asio::local::stream_protocol::socket stock(io);
    std::optional<error_code> told;
    stock.async_connect(asio::local::stream_protocol::endpoint(path()), [&](error_code ec) { told = ec; });
    run_until(io, [&] { return told.has_value(); });
    BOOST_TEST(!*told);  // "connected"
    error_code ec;
    BOOST_TEST(stock.write_some(asio::buffer("x", 1), ec) == 0u);
    BOOST_TEST(ec == code(ENOTCONN));

    BOOST_TEST(failure(local("?connect_timeout=30")) == asio::error::timed_out);
    std::optional<error_code> ended;
    stream client(io);
    async_connect(io.get_executor(), local(), [&](error_code e, stream s) {
        ended = e;
        client = std::move(s);
    });
    asio::steady_timer room(io, 20ms);
    int session = -1;
    room.async_wait([&](error_code) { session = ::accept4(server.fd(), nullptr, nullptr, SOCK_CLOEXEC); });
    run_until(io, [&] { return ended.has_value(); });
    BOOST_TEST(!*ended);
    BOOST_TEST(client.write_some(asio::buffer("x", 1)) == 1u);
    ::close(session);
}

BOOST_AUTO_TEST_CASE(waiting_for_room_does_not_spin) {
    raw_socket server;
    BOOST_TEST_REQUIRE(server.bind(path()) == 0);
    BOOST_TEST_REQUIRE(::listen(server.fd(), 0) == 0);
    raw_socket first;
    BOOST_TEST_REQUIRE(first.connect(path()) == 0);
    const fault counted(sys::call::connect, 0, 1, 0);  // none fails
    const auto begin = std::chrono::steady_clock::now();
    BOOST_TEST(failure(local(), {.timeout = 300ms}) == asio::error::timed_out);
    // After 1, 2, 4, 8, 16 and 32 ms, then every 50.
    BOOST_TEST(counted.seen() <= 8 + (std::chrono::steady_clock::now() - begin) / 50ms);
}

BOOST_AUTO_TEST_CASE(many_clients_of_a_full_server_all_get_their_turn) {
    auto server = parley::listen(io.get_executor(), local("?backlog=1")).value();
    constexpr int count = 500;
    int connected = 0, served = 0;
    std::vector<stream> sockets;
    for (int i = 0; i < count; ++i) {
        async_connect(io.get_executor(), local(), [&](error_code ec, stream s) {
            connected += ec ? 0 : 1;
            char byte = 'x';
            BOOST_TEST(::send(s.native_handle(), &byte, 1, MSG_NOSIGNAL) == 1);
            sockets.push_back(std::move(s));
        });
    }
    std::vector<stream> sessions;
    asio::co_spawn(
        io,
        [&]() -> task<void> {
            for (; served < count; ++served) {
                auto session = co_await server.async_accept(asio::use_awaitable);
                char byte = 0;
                co_await asio::async_read(session, asio::buffer(&byte, 1), asio::use_awaitable);
                sessions.push_back(std::move(session));
            }
        },
        [](std::exception_ptr e) { BOOST_TEST(!e); });
    run_until(io, [&] { return connected == count && served == count; });
}

BOOST_AUTO_TEST_CASE(a_connect_that_waits_can_be_cancelled) {
    raw_socket server;
    BOOST_TEST_REQUIRE(server.bind(path()) == 0);
    BOOST_TEST_REQUIRE(::listen(server.fd(), 0) == 0);
    raw_socket first;
    BOOST_TEST_REQUIRE(first.connect(path()) == 0);
    for (const auto type :
         {asio::cancellation_type::total, asio::cancellation_type::partial, asio::cancellation_type::terminal}) {
        asio::cancellation_signal stop;
        std::optional<error_code> ended;
        async_connect(io.get_executor(), local(),
                      asio::bind_cancellation_slot(stop.slot(), [&](error_code ec, stream) { ended = ec; }));
        run_ready(io);
        stop.emit(type);
        run_until(io, [&] { return ended.has_value(); });
        BOOST_TEST(*ended == asio::error::operation_aborted);
    }
}

BOOST_AUTO_TEST_CASE(a_name_is_looked_up_and_every_address_tried) {
    // "localhost" may be ::1 first, where nobody listens.
    auto server = parley::listen(io.get_executor(), at("tcp:127.0.0.1:0")).value();
    const auto name = at("tcp:localhost:" + std::to_string(server.local_address().port()) + "?nodelay=1");
    auto client = run([](auto& loop, address where) -> task<asio::ip::tcp::socket> {
        co_return co_await async_connect<asio::ip::tcp>(loop.get_executor(), where, asio::use_awaitable);
    }(io, name));
    BOOST_TEST(client.remote_endpoint().port() == server.local_address().port());
    asio::ip::tcp::no_delay option;
    client.get_option(option);
    BOOST_TEST(option.value());
}

// RFC 6761: neither DNS nor a file is asked, whose answer could be another machine.
BOOST_DATA_TEST_CASE(localhost_is_this_machine_however_it_is_written,
                     boost::unit_test::data::make({"localhost", "localhost.", "LOCALHOST", "LocalHost.", "x.localhost",
                                                   "a.b.LocalHost."}),
                     name) {
    auto server = parley::listen(io.get_executor(), at("tcp:" + std::string(name) + ":0")).value();
    BOOST_TEST(server.local_address().host() == "127.0.0.1");
    const auto port = std::to_string(server.local_address().port());
    const auto where = at("tcp:" + std::string(name) + ":" + port + "?nodelay=1");
    // No thread is started for a look-up, and so nothing is asked.
    const auto threads = [] {
        return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                             std::filesystem::directory_iterator());
    };
    const auto before = threads();
    auto client = run([](auto& loop, address to) -> task<asio::ip::tcp::socket> {
        co_return co_await async_connect<asio::ip::tcp>(loop.get_executor(), to, asio::use_awaitable);
    }(io, where));
    BOOST_TEST(threads() == before);
    BOOST_TEST(client.remote_endpoint().address().to_string() == "127.0.0.1");
    asio::ip::tcp::no_delay option;
    client.get_option(option);
    BOOST_TEST(option.value());
    server.close();
    BOOST_TEST(failure(where) == code(ECONNREFUSED));
    const auto receiver =
        open_datagram_receiver<asio::ip::udp>(io.get_executor(), at("udp:" + std::string(name) + ":0")).value();
    BOOST_TEST(receiver.local_address.host() == "127.0.0.1");
}

BOOST_AUTO_TEST_CASE(a_server_at_the_other_loopback_is_found_by_localhost) {
    auto server = parley::listen(io.get_executor(), at("tcp:[::1]:0"));
    if (!server) return skip_case("no IPv6 here");
    BOOST_TEST(!failure(at("tcp:localhost.:" + std::to_string(server->local_address().port()))));
}

BOOST_AUTO_TEST_CASE(a_family_that_is_not_here_does_not_hide_why_the_other_failed) {
    for (const int missing : {EAFNOSUPPORT, EADDRNOTAVAIL}) {
        const fault second(sys::call::socket, missing, 2, 1);
        BOOST_TEST(failure(at("tcp:localhost:1")) == code(ECONNREFUSED));
        BOOST_TEST(second.seen() == 2);
    }
}

// A listener with a full backlog drops what comes: as silent as a host that is not there.
BOOST_AUTO_TEST_CASE(a_silent_address_does_not_hold_up_the_next_one) {
    auto other = parley::listen(io.get_executor(), at("tcp:[::1]:0"));
    if (!other) return skip_case("no IPv6 here");
    raw_socket silent(SOCK_STREAM, AF_INET);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(other->local_address().port());
    if (::bind(silent.fd(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return skip_case("the port is taken");
    BOOST_TEST_REQUIRE(::listen(silent.fd(), 0) == 0);
    std::vector<raw_socket> filling;
    for (int i = 0; i < 3; ++i) {
        raw_socket& each = filling.emplace_back(SOCK_STREAM | SOCK_NONBLOCK, AF_INET);
        ::connect(each.fd(), reinterpret_cast<sockaddr*>(&to), sizeof to);
    }
    const auto where = at("tcp:localhost:" + std::to_string(other->local_address().port()));
    BOOST_TEST(!failure(where, {.timeout = 30s, .attempt_delay = 20ms}));
    BOOST_TEST(failure(where, {.timeout = 100ms, .attempt_delay = 1h}) == asio::error::timed_out);
}

// A name that only looks alike is looked up.
BOOST_DATA_TEST_CASE(what_ends_like_localhost_is_another_name,
                     boost::unit_test::data::make({"notlocalhost", "localhost.invalid", "localhost.x"}), name) {
    BOOST_TEST(parley::listen(io.get_executor(), at("tcp:" + std::string(name) + ":0")).error().code() ==
               make_error_code(errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(a_name_that_nobody_has_is_an_error) {
    BOOST_TEST(failure(at("tcp:no-such-host.invalid:80"), {.timeout = 30s}).failed());
}

BOOST_AUTO_TEST_CASE(a_silent_host_ends_at_the_deadline) {
    // A listener with a full backlog drops what comes: as silent as a host that is not there.
    raw_socket server(SOCK_STREAM, AF_INET);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof to;
    BOOST_TEST_REQUIRE(::bind(server.fd(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
    BOOST_TEST_REQUIRE(::listen(server.fd(), 0) == 0);
    ::getsockname(server.fd(), reinterpret_cast<sockaddr*>(&to), &size);
    const auto where = at("tcp:127.0.0.1:" + std::to_string(ntohs(to.sin_port)) + "?connect_timeout=100");
    std::vector<raw_socket> filling;
    for (int i = 0; i < 3; ++i) {
        raw_socket& each = filling.emplace_back(SOCK_STREAM | SOCK_NONBLOCK, AF_INET);
        ::connect(each.fd(), reinterpret_cast<sockaddr*>(&to), sizeof to);
    }
    BOOST_TEST(failure(where) == asio::error::timed_out);
    BOOST_TEST(failure(where, {.timeout = 50ms}) == asio::error::timed_out);
}

BOOST_AUTO_TEST_CASE(a_server_of_the_wrong_user_is_refused) {
    auto server = parley::listen(io.get_executor(), local()).value();
    BOOST_TEST(!failure(local(), {.policy = peer_policy::same_user()}));
    const auto other = peer_policy().allow_user(::geteuid() + 1);
    BOOST_TEST(failure(local(), {.policy = other}) == code(EACCES));
}

BOOST_AUTO_TEST_CASE(a_server_that_cannot_be_looked_up_is_refused) {
    auto server = parley::listen(io.get_executor(), local()).value();
    const fault unknown(sys::call::getsockopt, ENOPROTOOPT);
    BOOST_TEST(failure(local(), {.policy = peer_policy::same_user()}) == code(ENOPROTOOPT));
    BOOST_TEST(!failure(local()));
}

BOOST_AUTO_TEST_CASE(a_connected_descriptor_is_taken) {
    int pair[2];
    BOOST_TEST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    {
        auto client = run([](auto& loop, int fd) -> task<stream> {
            co_return co_await async_connect(loop.get_executor(), at("fd:" + std::to_string(fd)), asio::use_awaitable);
        }(io, pair[0]));
        BOOST_TEST(client.native_handle() != pair[0]);
        BOOST_TEST(client.write_some(asio::buffer("x", 1)) == 1u);
    }
    raw_socket alone;
    BOOST_TEST(failure(at("fd:" + std::to_string(alone.fd()))) == code(ENOTCONN));
    for (const int fd : pair) ::close(fd);
}

BOOST_AUTO_TEST_CASE(datagram_sockets_connect_too) {
    raw_socket server(SOCK_DGRAM);
    BOOST_TEST_REQUIRE(server.bind(path()) == 0);
    run([](auto& loop, std::string to) -> task<bool> {
        auto client = co_await async_connect<asio::local::datagram_protocol>(
            loop.get_executor(), at("unix-dgram:" + to), asio::use_awaitable);
        co_return co_await client.async_send(asio::buffer("word", 4), asio::use_awaitable) == 4;
    }(io, path()));
    char text[8];
    BOOST_TEST(::recv(server.fd(), text, sizeof text, 0) == 4);
    auto udp = run([](auto& loop) -> task<asio::ip::udp::socket> {
        co_return co_await async_connect<asio::ip::udp>(loop.get_executor(), at("udp:localhost:9"),
                                                        asio::use_awaitable);
    }(io));
    BOOST_TEST(udp.remote_endpoint().port() == 9);
}

BOOST_AUTO_TEST_CASE(the_options_of_the_address_are_set) {
    auto server = parley::listen(io.get_executor(), at("tcp:0")).value();
    const auto where = at(to_string(server.local_address()) + "?keepalive_idle=77&ttl=9&user_timeout=5000");
    auto client = run([](auto& loop, address a) -> task<asio::ip::tcp::socket> {
        co_return co_await async_connect<asio::ip::tcp>(loop.get_executor(), a, asio::use_awaitable);
    }(io, where));
    const auto option = [&](int level, int name) {
        int value = -1;
        socklen_t size = sizeof value;
        ::getsockopt(client.native_handle(), level, name, &value, &size);
        return value;
    };
    BOOST_TEST(option(SOL_SOCKET, SO_KEEPALIVE) == 1);
    BOOST_TEST(option(IPPROTO_TCP, 4) == 77);     // TCP_KEEPIDLE
    BOOST_TEST(option(IPPROTO_TCP, 18) == 5000);  // TCP_USER_TIMEOUT
    BOOST_TEST(option(IPPROTO_IP, IP_TTL) == 9);
}

BOOST_AUTO_TEST_CASE(whatever_call_fails_nothing_is_left) {
    auto server = parley::listen(io.get_executor(), local()).value();
    for (const auto which : {sys::call::socket, sys::call::connect, sys::call::setsockopt}) {
        const fault broken(which, ENOBUFS);
        BOOST_TEST(failure(local("?sndbuf=4096")) == code(ENOBUFS));
    }
    auto tcp = parley::listen(io.get_executor(), at("tcp:0")).value();
    for (const auto which : {sys::call::socket, sys::call::connect, sys::call::getsockopt}) {
        const fault broken(which, ENOBUFS);
        BOOST_TEST(failure(tcp.local_address()) == code(ENOBUFS));
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
