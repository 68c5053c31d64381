// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What is closed, destroyed or thrown while a channel is in use.

#include "channel_tools.hpp"

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <stdexcept>

BOOST_AUTO_TEST_SUITE(channel_lifetime_test)

using namespace parley;
using namespace parley::test;

BOOST_FIXTURE_TEST_SUITE(channel_lifetime_suite, channel_fixture)

BOOST_AUTO_TEST_CASE(close_ends_what_waits_and_what_comes_later) {
    auto [here, there] = make_channels();
    received waiting;
    there.async_receive(waiting.handler());
    run_ready(io);
    there.close();
    there.close();
    run_until(io, [&] { return waiting.count == 1; });
    BOOST_TEST(waiting.ec == asio::error::operation_aborted);
    BOOST_TEST(receive_from(there).ec == asio::error::bad_descriptor);
    BOOST_TEST(send_to(there, "x") == asio::error::bad_descriptor);
    BOOST_TEST(!there.try_send("x"));
    BOOST_TEST(!there.failure().code());
    BOOST_TEST(receive_from(here).is_end());
}

BOOST_AUTO_TEST_CASE(a_channel_may_be_closed_and_destroyed_by_its_own_handler) {
    auto [here, there] = make_channels();
    auto owned = std::make_unique<any_channel>(std::move(there));
    int count = 0;
    owned->async_receive([&](error_code ec, std::optional<std::string_view> m) {
        BOOST_TEST(!ec);
        BOOST_TEST((m == "the end"));
        ++count;
        owned->async_receive([&](error_code e, auto) {
            BOOST_TEST(e == asio::error::operation_aborted);
            ++count;
        });
        owned.reset();
    });
    BOOST_TEST(here.try_send("the end"));
    BOOST_TEST(here.try_send("not seen any more"));
    run_until(io, [&] { return count == 2; });
}

BOOST_AUTO_TEST_CASE(what_a_handler_throws_leaves_run_and_the_channel_goes_on) {
    auto [here, there] = make_channels();
    there.async_receive([](error_code, auto) { throw std::runtime_error("thrown by a handler"); });
    BOOST_TEST(here.try_send("one"));
    BOOST_TEST(here.try_send("two"));
    BOOST_CHECK_EXCEPTION(run_until(io, [] { return false; }), std::runtime_error,
                          [](const auto& e) { return e.what() == std::string_view("thrown by a handler"); });
    BOOST_TEST(receive_from(there).is("two"));
    BOOST_TEST(here.try_send("three"));
    BOOST_TEST(receive_from(there).is("three"));
}

BOOST_AUTO_TEST_CASE(a_context_that_is_destroyed_destroys_what_waits_in_it) {
    auto token = std::make_shared<int>(0);
    {
        asio::io_context other;
        auto [here, there] = make_socket_pair<local_stream>(other.get_executor()).value();
        asio::co_spawn(
            other,
            [](local_channel c, std::shared_ptr<int>) -> task<> {
                for (std::string text(1 << 20, 'x');;) co_await c.async_send(text);
            }(local_channel(std::move(here), length_prefix()), token),
            asio::detached);
        asio::co_spawn(
            other,
            [](local_channel c, std::shared_ptr<int>) -> task<> {
                for (int n = 0; n < 3; ++n) co_await c.async_receive();
                co_await asio::steady_timer(c.get_executor(), asio::steady_timer::time_point::max())
                    .async_wait(asio::use_awaitable);
            }(local_channel(std::move(there), length_prefix()), token),
            asio::detached);
        auto [idle, peer] = make_socket_pair<local_stream>(other.get_executor()).value();
        asio::co_spawn(
            other,
            [](local_channel c, local_stream::socket, std::shared_ptr<int>) -> task<> {
                co_await c.async_receive();
            }(local_channel(std::move(idle), length_prefix()), std::move(peer), token),
            asio::detached);
        for (int n = 0; n < 200; ++n) other.poll();
        BOOST_TEST(token.use_count() == 4);
    }
    BOOST_TEST(token.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(a_channel_that_outlives_its_context_can_be_destroyed) {
    auto other = std::make_unique<asio::io_context>();
    auto [here, there] = make_socket_pair<local_stream>(other->get_executor()).value();
    local_channel c(std::move(here), length_prefix());
    received waiting;
    c.async_receive(waiting.handler());
    other->poll();
    there.close();
    c.close();
    other.reset();
    BOOST_TEST(waiting.count == 0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
