// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/stream.hpp>

#include "leftovers.hpp"

#include <parley/loop/event_loop.hpp>
#include <parley/net/local.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

BOOST_AUTO_TEST_SUITE(stream_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;
using local = asio::local::stream_protocol;

static_assert(stream_socket<local::socket> && stream_socket<asio::ip::tcp::socket>);
static_assert(!stream_socket<local_seqpacket::socket>);

struct arrival {
    error_code ec{};
    std::size_t size = 0;
    int count = 0;
    auto handler() {
        return [this](error_code e, std::size_t n) { ec = e, size = n, ++count; };
    }
};

struct fixture : no_leftovers {
    std::array<char, 64> bytes{};

    std::string_view text(const arrival& a) const { return {bytes.data(), a.size}; }
    auto pair(event_loop& loop) { return make_socket_pair<local>(loop.get_executor()).value(); }
    // From within the loop, which looks for what comes then.
    template <typename Handler>
    void receive(event_loop& loop, local::socket& from, Handler handler) {
        asio::post(loop.get_executor(),
                   [&, handler]() mutable { async_receive(from, asio::buffer(bytes), std::move(handler)); });
    }
    // When the receive has been under way for a while.
    template <typename Function>
    void run_and_then(event_loop& loop, Function what) {
        asio::steady_timer later(loop.context(), 2ms);
        later.async_wait([&](error_code) { what(); });
        loop.run();
    }
    static void send_x(local::socket& to) { BOOST_TEST(try_send(to, asio::buffer("x", 1)).value().value() == 1u); }
};

// Left to Asio, and looked for by the loop.
const auto both = boost::unit_test::data::make({0us, std::chrono::microseconds(1h)});

BOOST_FIXTURE_TEST_SUITE(stream_suite, fixture)

BOOST_DATA_TEST_CASE_F(fixture, what_is_there_is_received, both, busy) {
    event_loop loop({.busy_poll = busy});
    auto [here, there] = pair(loop);
    BOOST_TEST(try_send(there, asio::buffer("hello", 5)).value().value() == 5u);
    arrival first;
    receive(loop, here, first.handler());
    loop.run();
    BOOST_TEST(first.count == 1);
    BOOST_TEST(!first.ec);
    BOOST_TEST(text(first) == "hello");
}

BOOST_DATA_TEST_CASE_F(fixture, what_comes_later_is_received, both, busy) {
    event_loop loop({.busy_poll = busy});
    auto [here, there] = pair(loop);
    arrival first;
    receive(loop, here, first.handler());
    run_and_then(loop, [&, &s = there] {
        BOOST_TEST(first.count == 0);
        const std::array pieces{asio::buffer("hel", 3), asio::buffer("lo", 2)};
        BOOST_TEST(try_send(s, pieces).value().value() == 5u);
    });
    BOOST_TEST(text(first) == "hello");
}

BOOST_DATA_TEST_CASE_F(fixture, the_end_is_an_error, both, busy) {
    event_loop loop({.busy_poll = busy});
    auto [here, there] = pair(loop);
    arrival last;
    receive(loop, here, last.handler());
    there.close();
    loop.run();
    BOOST_TEST((last.ec == asio::error::eof));
}

BOOST_DATA_TEST_CASE_F(fixture, a_cancellation_loses_nothing, both, busy) {
    event_loop loop({.busy_poll = busy});
    auto [here, there] = pair(loop);
    asio::cancellation_signal signal;
    arrival cancelled, next;
    receive(loop, here, asio::bind_cancellation_slot(signal.slot(), cancelled.handler()));
    run_and_then(loop, [&] { signal.emit(asio::cancellation_type::total); });
    BOOST_TEST(cancelled.count == 1);
    BOOST_TEST((cancelled.ec == asio::error::operation_aborted));
    send_x(there);
    loop.restart();
    receive(loop, here, next.handler());
    loop.run();
    BOOST_TEST(text(next) == "x");
}

BOOST_DATA_TEST_CASE_F(fixture, what_is_there_comes_before_a_cancellation, both, busy) {
    event_loop loop({.busy_poll = busy});
    auto [here, there] = pair(loop);
    send_x(there);
    asio::cancellation_signal signal;
    arrival first;
    asio::post(loop.get_executor(), [&, &from = here] {
        async_receive(from, asio::buffer(bytes), asio::bind_cancellation_slot(signal.slot(), first.handler()));
        signal.emit(asio::cancellation_type::total);
    });
    loop.run();
    BOOST_TEST(first.count == 1);
    BOOST_TEST(!first.ec);
    BOOST_TEST(text(first) == "x");
}

BOOST_DATA_TEST_CASE_F(fixture, close_ends_it, both, busy) {
    event_loop loop({.busy_poll = busy});
    auto [here, there] = pair(loop);
    arrival last, closed;
    receive(loop, here, last.handler());
    run_and_then(loop, [&s = here] { s.close(); });
    BOOST_TEST(last.count == 1);
    BOOST_TEST((last.ec == asio::error::operation_aborted));
    BOOST_TEST((try_send(here, asio::buffer("x", 1)).error().code() == asio::error::bad_descriptor));
    loop.restart();
    receive(loop, here, closed.handler());
    loop.run();
    BOOST_TEST((closed.ec == asio::error::bad_descriptor));
}

BOOST_DATA_TEST_CASE_F(fixture, it_goes_on_when_the_loop_was_stopped, both, busy) {
    event_loop loop({.busy_poll = busy});
    auto [here, there] = pair(loop);
    arrival first;
    receive(loop, here, first.handler());
    run_and_then(loop, [&] { loop.stop(); });
    BOOST_TEST(first.count == 0);
    send_x(there);
    loop.restart();
    loop.context().run();
    BOOST_TEST(text(first) == "x");
}

BOOST_DATA_TEST_CASE_F(fixture, no_other_handler_runs_after_one_that_stops_the_loop, both, busy) {
    event_loop loop({.busy_poll = busy});
    auto [a, b] = pair(loop);
    auto [c, d] = pair(loop);
    int ran = 0;
    const auto stops = [&](error_code, std::size_t) { ++ran, loop.stop(); };
    asio::post(loop.get_executor(), [&, &one = a, &other = c] {
        async_receive(one, asio::buffer(bytes), stops);
        async_receive(other, asio::buffer(bytes), stops);
    });
    send_x(b);
    send_x(d);
    loop.run();
    BOOST_TEST(ran == 1);
    loop.restart();
    loop.run();
    BOOST_TEST(ran == 2);
}

BOOST_DATA_TEST_CASE_F(fixture, a_handler_runs_on_its_own_executor, both, busy) {
    event_loop loop({.busy_poll = busy});
    auto [here, there] = pair(loop);
    const auto strand = asio::make_strand(loop.get_executor());
    bool on_it = false;
    send_x(there);
    receive(loop, here,
            asio::bind_executor(strand, [&](error_code, std::size_t) { on_it = strand.running_in_this_thread(); }));
    loop.run();
    BOOST_TEST(on_it);
}

BOOST_DATA_TEST_CASE_F(fixture, what_is_pending_is_destroyed_with_the_loop, both, busy) {
    const auto alive = std::make_shared<int>(0);
    {
        event_loop loop({.busy_poll = busy});
        auto [here, there] = pair(loop);
        receive(loop, here, [alive](error_code, std::size_t) {});
        asio::post(loop.get_executor(), [&] { loop.stop(); });
        loop.run();
        BOOST_TEST(alive.use_count() == 2);
    }
    BOOST_TEST(alive.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(a_full_socket_takes_a_part_and_then_nothing) {
    event_loop loop;
    auto [here, there] = pair(loop);
    const std::string much(1 << 22, 'x');
    std::size_t sent = 0;
    auto n = try_send(here, asio::buffer(much));
    for (; n.value(); n = try_send(here, asio::buffer(much))) sent += **n;
    BOOST_TEST(sent > 0u);
    BOOST_TEST(!n.value().has_value());
    BOOST_TEST(try_send(here, asio::buffer("", 0)).value().value() == 0u);
    there.close();
    BOOST_TEST((try_send(here, asio::buffer("x", 1)).error().code() == asio::error::broken_pipe));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
