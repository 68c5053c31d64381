// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How channels end, and what arrives before they do.

#include "channel_tools.hpp"
#include "choppy_stream.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <utility>

BOOST_AUTO_TEST_SUITE(channel_end_test)

using namespace parley;
using namespace parley::test;

BOOST_FIXTURE_TEST_SUITE(channel_end_suite, channel_fixture)

BOOST_AUTO_TEST_CASE(the_end_of_sending_leaves_receiving_open) {
    auto [here, there] = make_channels();
    BOOST_TEST(here.try_send("all I have to say"));
    done ended;
    here.async_end(ended.handler());
    run_until(io, [&] { return ended.count == 1; });
    BOOST_TEST(!ended.ec);
    BOOST_TEST(!here.try_send("x"));
    BOOST_TEST(send_to(here, "x") == asio::error::bad_descriptor);
    BOOST_TEST(receive_from(there).is("all I have to say"));
    BOOST_TEST(receive_from(there).is_end());
    BOOST_TEST(send_to(there, "answer") == error_code());
    BOOST_TEST(receive_from(here).is("answer"));
    BOOST_TEST(shut_down(here) == error_code());
    BOOST_TEST(!here.is_open());
    BOOST_TEST(receive_from(there).is_end());
}

BOOST_AUTO_TEST_CASE(a_shutdown_sends_what_is_queued) {
    auto [here, there] = make_channels();
    const std::size_t all = 10'000;
    for (std::size_t i = 0; i < all; ++i) BOOST_TEST_REQUIRE(here.try_send(numbered(i, 20)));
    done closed;
    here.async_shutdown(closed.handler());
    const auto got = all_of(io, there);
    run_until(io, [&] { return closed.count == 1; });
    BOOST_TEST(!closed.ec);
    BOOST_TEST(got.size() == all);
    BOOST_TEST(!here.is_open());
}

BOOST_AUTO_TEST_CASE(a_shutdown_that_is_cancelled_closes_at_once) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    make_small(a);
    auto here = make(std::move(a));
    auto there = make(std::move(b));
    for (int i = 0; i < 1000; ++i) BOOST_TEST_REQUIRE(here.try_send("nobody reads"));
    asio::cancellation_signal stop;
    done closed;
    here.async_shutdown(asio::bind_cancellation_slot(stop.slot(), closed.handler()));
    run_ready(io);
    BOOST_TEST(closed.count == 0);
    stop.emit(asio::cancellation_type::terminal);
    run_until(io, [&] { return closed.count == 1; });
    BOOST_TEST(closed.ec == asio::error::operation_aborted);
    BOOST_TEST(!here.is_open());
}

// TCP throws away what is under way when a socket is closed in which something lies unread.
BOOST_AUTO_TEST_CASE(a_shutdown_over_tcp_loses_no_tail_although_something_was_left_unread) {
    using asio::ip::tcp;
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket a(io);
    a.connect(acceptor.local_endpoint());
    channel there(acceptor.accept(), length_prefix());
    a.set_option(asio::socket_base::send_buffer_size(1 << 20));
    channel here(std::move(a), length_prefix());
    const std::size_t all = 20'000;
    for (int i = 0; i < 100; ++i) BOOST_TEST_REQUIRE(there.try_send("never read"));
    run_ready(io);
    for (std::size_t i = 0; i < all; ++i) BOOST_TEST_REQUIRE(here.try_send(numbered(i, 20)));
    run_ready(io);
    done closed;
    here.async_shutdown(closed.handler());
    const auto got = all_of(io, there);
    BOOST_TEST(got.size() == all);
    there.close();
    run_until(io, [&] { return closed.count == 1; });
    BOOST_TEST(!closed.ec);
}

BOOST_AUTO_TEST_CASE(a_shutdown_over_tcp_does_not_wait_for_ever) {
    using asio::ip::tcp;
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket a(io);
    a.connect(acceptor.local_endpoint());
    auto silent = acceptor.accept();
    channel here(std::move(a), length_prefix());
    received waiting;
    here.async_receive(waiting.handler());
    BOOST_TEST(shut_down(here) == error_code());
    BOOST_TEST(waiting.count == 1);
    BOOST_TEST(waiting.ec == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(a_stream_that_ends_with_a_message_is_ended_with_it) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    channel here(choppy_stream(std::move(a)), length_prefix());
    auto there = make(std::move(b));
    BOOST_TEST(here.try_send("the last"));
    done closed;
    here.async_shutdown(closed.handler());
    BOOST_TEST(receive_from(there).is("the last"));
    BOOST_TEST(receive_from(there).is_end());
    BOOST_TEST(closed.count == 0);  // it waits for the answer
    there.close();
    run_until(io, [&] { return closed.count == 1; });
    BOOST_TEST(!closed.ec);
    BOOST_TEST(!here.is_open());
    // And one that never answers is not waited for.
    auto [c, d] = make_socket_pair<local_stream>(ex).value();
    channel alone(choppy_stream(std::move(c)), length_prefix());
    done ended;
    alone.async_end(ended.handler());
    run_ready(io);
    BOOST_TEST(shut_down(alone) == error_code());
    BOOST_TEST(!alone.is_open());
    BOOST_TEST(ended.count == 1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
