// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/listen.hpp>

#include "captured_log.hpp"
#include "fault.hpp"
#include "net_tools.hpp"
#include "skip.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/data/test_case.hpp>

#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <netinet/tcp.h>

BOOST_AUTO_TEST_SUITE(listen_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;
namespace data = boost::unit_test::data;
using stream = asio::generic::stream_protocol::socket;

BOOST_FIXTURE_TEST_SUITE(listen_suite, net_fixture)

task<bool> meet(asio::io_context& io, listener& server) {
    stream client = co_await async_connect(io.get_executor(), server.local_address(), asio::use_awaitable);
    stream session = co_await server.async_accept(asio::use_awaitable);
    co_return co_await are_connected(client, session);
}

BOOST_DATA_TEST_CASE(a_client_is_served, data::make({"unix:%s", "unix:@parley-%d", "tcp:0", "tcp:[::1]:0"}), form) {
    std::string text(form);
    if (const auto i = text.find("%s"); i != std::string::npos) text.replace(i, 2, path());
    if (const auto i = text.find("%d"); i != std::string::npos) text.replace(i, 2, std::to_string(::getpid()));
    auto server = parley::listen(io.get_executor(), at(text));
    if (!server && server.error().code() == code(EADDRNOTAVAIL)) {
        return skip_case("no IPv6 here");
    }
    BOOST_TEST_REQUIRE(server.has_value());
    BOOST_TEST(run(meet(io, *server)));
    BOOST_TEST(server->counters().accepted == 1u);
    BOOST_TEST(to_string(server->counters()) == "1 accepted, 0 refused, 0 pauses");
}

BOOST_AUTO_TEST_CASE(the_port_that_was_found_is_told) {
    auto server = parley::listen(io.get_executor(), at("tcp:0")).value();
    BOOST_TEST(server.local_address().port() != 0);
    BOOST_TEST(server.local_address().host() == "127.0.0.1");
}

BOOST_AUTO_TEST_CASE(typed_listeners_give_typed_sockets) {
    auto server = parley::listen<asio::ip::tcp>(io.get_executor(), at("tcp:localhost:0?nodelay=1")).value();
    run([](auto& loop, auto& listening) -> task<void> {
        auto client =
            co_await async_connect<asio::ip::tcp>(loop.get_executor(), listening.local_address(), asio::use_awaitable);
        asio::ip::tcp::socket session = co_await listening.async_accept(asio::use_awaitable);
        BOOST_TEST(session.remote_endpoint() == client.local_endpoint());
        asio::ip::tcp::no_delay option;
        session.get_option(option);
        BOOST_TEST(option.value());  // options of the listener are those of its connections
    }(io, server));
}

BOOST_AUTO_TEST_CASE(endpoints_and_acceptors_of_asio_are_taken) {
    auto at_endpoint = parley::listen(io.get_executor(), asio::local::stream_protocol::endpoint(path())).value();
    static_assert(std::is_same_v<decltype(at_endpoint)::protocol_type, asio::local::stream_protocol>);

    asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    const auto port = acceptor.local_endpoint().port();
    auto adopted = adopt_listener(io.get_executor(), unique_fd(acceptor.release())).value();
    BOOST_TEST(adopted.local_address().port() == port);
    BOOST_TEST(run(meet(io, adopted)));
}

BOOST_AUTO_TEST_CASE(a_descriptor_by_number_stays_with_its_owner) {
    raw_socket own;
    BOOST_TEST_REQUIRE(own.bind(path()) == 0);
    const auto name = at("fd:" + std::to_string(own.fd()));
    BOOST_TEST(parley::listen(io.get_executor(), name).error().code() == make_error_code(errc::invalid_argument));
    BOOST_TEST_REQUIRE(::listen(own.fd(), 5) == 0);
    {
        auto server = parley::listen(io.get_executor(), name).value();
        BOOST_TEST(run(meet(io, server)));
        BOOST_TEST(to_string(server.local_address()) == "unix:" + path());
    }
    BOOST_TEST(::fcntl(own.fd(), F_GETFD) != -1);
    BOOST_TEST(exists(path()));  // somebody else's to remove
}

BOOST_AUTO_TEST_CASE(a_descriptor_of_another_kind_is_refused) {
    const auto invalid = make_error_code(errc::invalid_argument);
    raw_socket own;
    BOOST_TEST_REQUIRE(own.bind(path()) == 0);
    BOOST_TEST_REQUIRE(::listen(own.fd(), 5) == 0);
    const auto name = at("fd:" + std::to_string(own.fd()));
    BOOST_TEST(parley::listen<asio::ip::tcp>(io.get_executor(), name).error().code() == invalid);
    BOOST_TEST(adopt_listener<asio::ip::tcp>(io.get_executor(), unique_fd(::dup(own.fd()))).error().code() == invalid);
    // No kernel knows the peers of TCP, whoever has opened the listener.
    auto tcp = parley::listen(io.get_executor(), at("tcp:0")).value();
    const listen_options choosy{.policy = peer_policy::same_user()};
    const auto by_number = at("fd:" + std::to_string(tcp.native_handle()));
    BOOST_TEST(parley::listen(io.get_executor(), by_number, choosy).error().code() == invalid);
    BOOST_TEST(adopt_listener(io.get_executor(), tcp.release(), choosy).error().code() == invalid);
}

BOOST_AUTO_TEST_CASE(sockets_are_close_on_exec) {
    auto server = parley::listen(io.get_executor(), local()).value();
    run([](auto& loop, auto& listening) -> task<void> {
        auto client = co_await async_connect(loop.get_executor(), listening.local_address(), asio::use_awaitable);
        auto session = co_await listening.async_accept(asio::use_awaitable);
        for (const int fd : {listening.native_handle(), client.native_handle(), session.native_handle()})
            BOOST_TEST((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    }(io, server));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_listened_at_is_refused) {
    const auto refused = [&](const std::string& text, const error_code& why) {
        const auto tried = parley::listen(io.get_executor(), at(text));
        BOOST_TEST_REQUIRE(tried.has_error());
        BOOST_TEST(tried.error().code() == why);
        BOOST_TEST(tried.error().context().find(to_string(at(text))) != std::string::npos);
    };
    const auto invalid = make_error_code(errc::invalid_argument);
    refused("udp:127.0.0.1:5000", invalid);
    refused("unix-dgram:" + path(), invalid);
    refused("unix-seqpacket:" + path(), invalid);  // another Protocol
    refused("raw:icmp", invalid);
    refused("tcp:example.org:80", invalid);  // nothing is looked up
    refused("fd:400", code(EBADF));
    refused("unix:/nowhere/s", code(ENOENT));
    refused("tcp:192.0.2.1:80", code(EADDRNOTAVAIL));
    refused("tcp:80?interface=nothing", code(ENODEV));
    BOOST_TEST(parley::listen<asio::ip::tcp>(io.get_executor(), local()).has_error());
    const listen_options options{.policy = peer_policy::same_user()};
    BOOST_TEST(parley::listen(io.get_executor(), at("tcp:0"), options).error().code() == invalid);
    BOOST_TEST(!exists(path()));
}

BOOST_AUTO_TEST_CASE(a_port_in_use_is_said) {
    auto server = parley::listen(io.get_executor(), at("tcp:0")).value();
    const auto second = parley::listen(io.get_executor(), server.local_address());
    BOOST_TEST(second.error().code() == code(EADDRINUSE));
    // What cannot be is said before the port is asked for.
    const listen_options choosy{.policy = peer_policy::same_user()};
    const auto third = parley::listen(io.get_executor(), server.local_address(), choosy);
    BOOST_TEST(third.error().code() == make_error_code(errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(every_token_works) {
    auto server = parley::listen(io.get_executor(), local()).value();
    raw_socket one, two, three;
    for (auto* each : {&one, &two, &three}) BOOST_TEST_REQUIRE(each->connect(path()) == 0);
    int called = 0;
    server.async_accept([&](error_code ec, stream socket) { called += !ec && socket.is_open() ? 1 : 0; });
    BOOST_TEST(called == 0);  // never from within
    std::future<stream> later = server.async_accept(asio::use_future);
    run([](auto& listening) -> task<void> {
        auto [ec, socket] = co_await listening.async_accept(asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(!ec);
    }(server));
    BOOST_TEST(called == 1);
    BOOST_TEST(later.get().is_open());
}

BOOST_AUTO_TEST_CASE(a_cancelled_accept_loses_no_connection) {
    auto server = parley::listen(io.get_executor(), local()).value();
    for (const auto type :
         {asio::cancellation_type::total, asio::cancellation_type::partial, asio::cancellation_type::terminal}) {
        asio::cancellation_signal stop;
        std::optional<error_code> ended;
        server.async_accept(asio::bind_cancellation_slot(stop.slot(), [&](error_code ec, stream) { ended = ec; }));
        run_ready(io);
        BOOST_TEST(!ended);
        stop.emit(type);
        run_ready(io);
        BOOST_TEST((ended == asio::error::operation_aborted));
    }
    BOOST_TEST(run(meet(io, server)));
}

// Where a try was in vain the next accepts wait first: otherwise each of these would have tried twice.
BOOST_AUTO_TEST_CASE(who_waits_for_connections_seldom_tries_in_vain) {
    auto server = parley::listen(io.get_executor(), local()).value();
    const fault accepts(sys::call::accept, 0);
    constexpr int rounds = 64;
    for (int i = 0; i < rounds; ++i) {
        auto session = server.async_accept(asio::use_future);
        run_ready(io);
        BOOST_TEST(run(async_connect(io.get_executor(), server.local_address(), asio::use_awaitable)).is_open());
        run_ready(io);
        BOOST_TEST_REQUIRE((session.wait_for(0s) == std::future_status::ready));
        BOOST_TEST(session.get().is_open());
    }
    BOOST_TEST(accepts.seen() >= rounds);
    BOOST_TEST(accepts.seen() < rounds + 10);
}

// Whether they wait first or not.
BOOST_AUTO_TEST_CASE(who_has_connected_before_somebody_accepts_is_accepted) {
    auto server = parley::listen(io.get_executor(), local()).value();
    for (int round = 0; round < 6; ++round) {
        auto waits = server.async_accept(asio::use_future);
        run_ready(io);
        std::vector<stream> clients;
        for (int i = 0; i < 20; ++i)
            clients.push_back(run(async_connect(io.get_executor(), server.local_address(), asio::use_awaitable)));
        for (int i = 1; i < 20; ++i) BOOST_TEST(run(server.async_accept(asio::use_awaitable)).is_open());
        run_ready(io);
        BOOST_TEST_REQUIRE((waits.wait_for(0s) == std::future_status::ready));
        BOOST_TEST(waits.get().is_open());
    }
    BOOST_TEST(server.counters().accepted == 120u);
}

BOOST_AUTO_TEST_CASE(closing_ends_all_accepts_and_a_closed_listener_says_so) {
    auto server = parley::listen(io.get_executor(), local()).value();
    std::vector<error_code> ended;
    for (int i = 0; i < 3; ++i) server.async_accept([&](error_code ec, stream) { ended.push_back(ec); });
    run_ready(io);
    server.close();
    BOOST_TEST(!server.is_open());
    BOOST_TEST(!exists(path()));
    server.async_accept([&](error_code ec, stream) { ended.push_back(ec); });
    run_ready(io);
    BOOST_TEST_REQUIRE(ended.size() == 4u);
    for (int i = 0; i < 3; ++i) BOOST_TEST(ended[static_cast<std::size_t>(i)] == asio::error::operation_aborted);
    BOOST_TEST(ended[3] == code(EBADF));
}

BOOST_AUTO_TEST_CASE(a_listener_may_move_and_go_while_an_accept_waits) {
    std::optional<error_code> ended;
    {
        auto first = parley::listen(io.get_executor(), local()).value();
        first.async_accept([&](error_code ec, stream) { ended = ec; });
        run_ready(io);
        auto second = std::move(first);
        BOOST_TEST(!first.is_open());  // NOLINT(bugprone-use-after-move)
        run_ready(io);
        BOOST_TEST(!ended);
    }
    run_ready(io);
    BOOST_TEST((ended == asio::error::operation_aborted));
}

BOOST_AUTO_TEST_CASE(what_connected_and_ended_is_passed_over) {
    auto server = parley::listen(io.get_executor(), local()).value();
    fault gone(sys::call::accept, ECONNABORTED, 1, 3);
    BOOST_TEST(run(meet(io, server)));
    BOOST_TEST(gone.seen() == 4);
}

// Out of descriptors: no spin, one line in the log, and all are served in the end.
BOOST_AUTO_TEST_CASE(a_lack_of_descriptors_is_waited_out) {
    const captured_log log;
    auto server = parley::listen(io.get_executor(), local(), {.pause = 5ms}).value();
    {
        fault none(sys::call::accept, EMFILE, 1, 20);
        BOOST_TEST(run(meet(io, server)));
        BOOST_TEST(none.seen() == 21);
    }
    BOOST_TEST(server.counters().pauses == 20u);
    const auto text = log.text();
    BOOST_TEST(text.find(path()) != std::string::npos);
    BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 1);
}

BOOST_AUTO_TEST_CASE(a_pause_can_be_cancelled) {
    const captured_log log;
    auto server = parley::listen(io.get_executor(), local(), {.pause = 1h}).value();
    fault none(sys::call::accept, ENFILE);
    std::optional<error_code> ended;
    server.async_accept([&](error_code ec, stream) { ended = ec; });
    run_ready(io);
    BOOST_TEST(!ended);
    server.cancel();
    run_ready(io);
    BOOST_TEST((ended == asio::error::operation_aborted));
    asio::cancellation_signal stop;
    ended.reset();
    server.async_accept(asio::bind_cancellation_slot(stop.slot(), [&](error_code ec, stream) { ended = ec; }));
    run_ready(io);
    stop.emit(asio::cancellation_type::total);
    run_ready(io);
    BOOST_TEST((ended == asio::error::operation_aborted));
}

BOOST_AUTO_TEST_CASE(a_peer_that_cannot_be_looked_up_is_not_admitted) {
    auto server = parley::listen(io.get_executor(), local(), {.policy = peer_policy::same_user()}).value();
    bool served = false;
    server.async_accept([&](error_code ec, const stream&) { served = !ec; });
    run_ready(io);
    raw_socket first, second;
    {
        const fault unknown(sys::call::getsockopt, ENOPROTOOPT);
        BOOST_TEST(first.connect(path()) == 0);
        run_until(io, [&] { return server.counters().refused == 1u; });
        run_ready(io);
    }
    BOOST_TEST(!served);
    char byte = 0;
    BOOST_TEST(::recv(first.fd(), &byte, 1, 0) == 0);  // closed
    BOOST_TEST(second.connect(path()) == 0);
    run_until(io, [&] { return served; });
    BOOST_TEST(server.counters().accepted == 1u);
}

BOOST_AUTO_TEST_CASE(other_errors_of_accept_are_told) {
    auto server = parley::listen(io.get_executor(), local()).value();
    fault broken(sys::call::accept, EINVAL);
    std::optional<error_code> ended;
    server.async_accept([&](error_code ec, stream) { ended = ec; });
    run_ready(io);
    BOOST_TEST((ended == code(EINVAL)));
}

BOOST_AUTO_TEST_CASE(whatever_call_fails_nothing_is_left) {
    for (const auto which : {sys::call::socket, sys::call::bind, sys::call::listen, sys::call::flock, sys::call::chmod,
                             sys::call::open, sys::call::setsockopt}) {
        const fault broken(which, EPERM);
        const auto tried = parley::listen(io.get_executor(), local("?mode=0666&sndbuf=4096"));
        BOOST_TEST_REQUIRE(tried.has_error());
        BOOST_TEST(tried.error().code() == code(EPERM));
        BOOST_TEST(!exists(path()));
        // Where the lock itself fails nobody knows whose the file is.
        BOOST_TEST((!exists(path() + ".lock") || which == sys::call::flock));
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
