// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "channel_tools.hpp"
#include "net_tools.hpp"

#include <parley/message/channel_listener.hpp>
#include <parley/message/connect_channel.hpp>
#include <parley/message/datagram.hpp>

BOOST_AUTO_TEST_SUITE(connect_channel_test)

using namespace parley;
using namespace parley::test;

BOOST_FIXTURE_TEST_SUITE(connect_channel_suite, net_fixture)

BOOST_AUTO_TEST_CASE(who_does_not_connect_gets_no_channel) {
    run_task(io, [](net_fixture& f) -> task<> {
        const auto ex = f.io.get_executor();
        error_code ec;
        auto none = co_await async_connect_channel(ex, f.local(), asio::redirect_error(asio::use_awaitable, ec));
        BOOST_TEST(ec == boost::system::errc::no_such_file_or_directory);
        BOOST_TEST(!none.is_open());
        none = co_await async_connect_channel(ex, at("raw:icmp"), asio::redirect_error(asio::use_awaitable, ec));
        BOOST_TEST(ec == make_error_code(errc::invalid_argument));
        auto server = listen_channels(ex, f.local()).value();
        none = co_await async_connect_channel(ex, f.local(), length_prefix(), {.channel = {.queue_bytes = 0}},
                                              asio::redirect_error(asio::use_awaitable, ec));
        BOOST_TEST(ec == make_error_code(errc::invalid_argument));
        none = co_await async_connect_channel(ex, f.local(), datagram(), asio::redirect_error(asio::use_awaitable, ec));
        BOOST_TEST(ec == make_error_code(errc::invalid_argument));
        BOOST_TEST(!none.is_open());
    }(*this));
    BOOST_TEST(!listen_channels(io.get_executor(), at("udp::0")).has_value());
}

BOOST_AUTO_TEST_CASE(connected_datagrams_are_messages) {
    run_task(io, [](net_fixture& f) -> task<> {
        const auto ex = f.io.get_executor();
        local_datagram::socket service(ex, local_datagram::endpoint(f.path()));
        auto c = co_await async_connect_channel(ex, at("unix-dgram:" + f.path()));
        co_await c.async_send("one");
        co_await c.async_send("two");
        char block[16];
        BOOST_TEST(co_await service.async_receive(asio::buffer(block), asio::use_awaitable) == 3u);
        BOOST_TEST(co_await service.async_receive(asio::buffer(block), asio::use_awaitable) == 3u);
        BOOST_TEST(std::string_view(block, 3) == "two");
    }(*this));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
