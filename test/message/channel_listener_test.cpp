// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "channel_tools.hpp"
#include "net_tools.hpp"

#include <parley/message/channel_listener.hpp>
#include <parley/message/connect_channel.hpp>
#include <parley/message/lines.hpp>
#include <parley/net/peer.hpp>

#include <boost/test/data/test_case.hpp>

BOOST_AUTO_TEST_SUITE(channel_listener_test)

using namespace parley;
using namespace parley::test;

namespace {

// Both ends of a connection to `server`.
task<std::pair<any_channel, any_channel>> ends_of(channel_listener& server) {
    using namespace asio::experimental::awaitable_operators;
    auto both = co_await (async_connect_channel(server.get_executor(), server.local_address(), asio::use_awaitable) &&
                          server.async_accept(asio::use_awaitable));
    co_return std::pair(std::move(std::get<0>(both)), std::move(std::get<1>(both)));
}

task<> check_talk(any_channel& one, any_channel& other) {
    for (std::size_t i = 0; i < 100; ++i) {
        co_await one.async_send(numbered(i, 1 + i * 10));
        const auto m = co_await other.async_receive();
        BOOST_TEST_REQUIRE((m && is_numbered(*m, i)));
        co_await other.async_send(*m);
        const auto back = co_await one.async_receive();
        BOOST_TEST_REQUIRE((back && is_numbered(*back, i)));
    }
    co_await one.async_shutdown();
    BOOST_TEST(!(co_await other.async_receive()).has_value());
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(channel_listener_suite, net_fixture)

BOOST_AUTO_TEST_CASE(an_address_is_all_that_both_sides_need) {
    for (const auto& where : {"unix:" + path(), "unix-seqpacket:" + path("packets"), std::string("tcp::0")}) {
        BOOST_TEST_CONTEXT(where) {
            auto server = listen_channels(io.get_executor(), at(where)).value();
            run_task(io, [](channel_listener& s) -> task<> {
                auto [client, session] = co_await ends_of(s);
                co_await check_talk(client, session);
            }(server));
            BOOST_TEST(server.counters().accepted == 1u);
        }
    }
}

BOOST_AUTO_TEST_CASE(both_sides_choose_the_framing) {
    auto server = listen_channels(io.get_executor(), local(), lines()).value();
    run_task(io, [](channel_listener& s) -> task<> {
        using namespace asio::experimental::awaitable_operators;
        auto [client, session] =
            co_await (async_connect_channel(s.get_executor(), s.local_address(), lines(), asio::use_awaitable) &&
                      s.async_accept(asio::use_awaitable));
        co_await client.async_send("a line");
        BOOST_TEST((co_await session.async_receive() == "a line"));
    }(server));
}

BOOST_AUTO_TEST_CASE(options_reach_the_channel_and_the_connection) {
    auto server = listen_channels(io.get_executor(), local(), length_prefix(10),
                                  {.listen = {.policy = peer_policy::same_user()}, .channel = {.descriptors = 1}})
                      .value();
    run_task(io, [](channel_listener& s) -> task<> {
        auto [client, session] = co_await ends_of(s);
        BOOST_TEST(peer_of(session.native_handle()).value().user.value() == ::geteuid());
        std::vector<unique_fd> fds;
        fds.push_back(file_with("handed over"));
        co_await client.async_send("take it", std::move(fds));
        BOOST_TEST((co_await session.async_receive() == "take it"));
        BOOST_TEST(text_of(session.take_descriptors().at(0).get()) == "handed over");
        co_await client.async_send("more than ten bytes");
        error_code ec;
        co_await session.async_receive(asio::redirect_error(asio::use_awaitable, ec));
        BOOST_TEST(ec == make_error_code(errc::limit_exceeded));
    }(server));
}

BOOST_AUTO_TEST_CASE(what_is_no_message_ends_one_channel_and_not_the_listener) {
    auto server = listen_channels(io.get_executor(), local()).value();
    run_task(io, [](net_fixture& f, channel_listener& s) -> task<> {
        auto browser = co_await async_connect<local_stream>(f.io.get_executor(), f.local());
        auto session = co_await s.async_accept();
        co_await asio::async_write(browser, asio::buffer("GET / HTTP/1.1\r\n\r\n", 18), asio::use_awaitable);
        error_code ec;
        co_await session.async_receive(asio::redirect_error(asio::use_awaitable, ec));
        BOOST_TEST(ec == make_error_code(errc::invalid_frame));
        auto [client, good] = co_await ends_of(s);
        co_await check_talk(client, good);
    }(*this, server));
}

BOOST_AUTO_TEST_CASE(a_listener_that_closes_ends_its_accepts) {
    auto server = listen_channels(io.get_executor(), local()).value();
    error_code ended;
    int count = 0;
    server.async_accept([&](error_code ec, any_channel c) {
        ended = ec, ++count;
        BOOST_TEST(!c.is_open());
    });
    run_ready(io);
    server.close();
    run_until(io, [&] { return count == 1; });
    BOOST_TEST(ended == asio::error::operation_aborted);
    BOOST_TEST(!server.is_open());
    BOOST_TEST(!exists(path()));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
