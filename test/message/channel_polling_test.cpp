// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Channels on a loop that polls, which looks at their sockets itself.

#include "channel_tools.hpp"

#include <parley/loop/event_loop.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(channel_polling_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

constexpr auto long_enough = std::chrono::microseconds(1h);  // never blocks while anything is looked for

void rethrow(std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
}

struct fixture : no_leftovers {
    event_loop loop{{.busy_poll = long_enough}};

    std::pair<local_channel, local_channel> make_channels(const executor& ex) {
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        return {local_channel(std::move(a), length_prefix()), local_channel(std::move(b), length_prefix())};
    }
    std::pair<local_channel, local_channel> make_channels() { return make_channels(loop.get_executor()); }

    void spawn(task<> body) { asio::co_spawn(loop.get_executor(), std::move(body), rethrow); }
};

task<> echo(any_channel& c) {
    while (const auto message = co_await c.async_receive()) co_await c.async_send(std::string(*message));
    co_await c.async_shutdown();
}

task<> ask(any_channel& c, int times, int& answers) {
    for (int i = 0; i < times; ++i) {
        const std::string question = std::to_string(i);
        co_await c.async_send(question);
        const auto answer = co_await c.async_receive();
        if (answer != question) throw std::logic_error("another answer than " + question);
        ++answers;
    }
    co_await c.async_end();
    if (co_await c.async_receive()) throw std::logic_error("more than was asked");
}

// The first receive of a channel is the reactor's. Behind it the loop looks for what comes.
task<> receive_first(any_channel& c, any_channel& other) {
    co_await other.async_send("first");
    BOOST_TEST((co_await c.async_receive() == "first"));
}

task<> pause(std::chrono::milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

BOOST_FIXTURE_TEST_SUITE(channel_polling_suite, fixture)

BOOST_AUTO_TEST_CASE(messages_go_there_and_back_until_the_end) {
    auto [here, there] = make_channels();
    int answers = 0;
    spawn(echo(there));
    spawn(ask(here, 1000, answers));
    loop.run();
    BOOST_TEST(answers == 1000);
    BOOST_TEST(loop.counters().waits == 0u);
}

// More than it looks at: the others are the reactor's.
BOOST_AUTO_TEST_CASE(any_number_of_channels_is_served) {
    std::vector<std::pair<local_channel, local_channel>> all;
    for (int i = 0; i < 40; ++i) all.push_back(make_channels());
    int answers = 0;
    for (auto& [here, there] : all) {
        spawn(echo(there));
        spawn(ask(here, 50, answers));
    }
    loop.run();
    BOOST_TEST(answers == 2000);
}

// Between looks the context has its turns.
BOOST_AUTO_TEST_CASE(timers_and_other_threads_are_heard_meanwhile) {
    auto [here, there] = make_channels();
    int answers = 0;
    spawn(echo(there));
    spawn(ask(here, 1, answers));  // from now on it is looked for
    received last;
    asio::steady_timer timer(loop.context(), 20ms);
    std::thread other;
    timer.async_wait([&, &a = here, &b = there](error_code) {
        other = std::thread([&] { asio::post(loop.get_executor(), [&] { a.close(), b.close(); }); });
    });
    loop.run();
    other.join();
    BOOST_TEST(answers == 1);
}

BOOST_AUTO_TEST_CASE(a_receive_that_is_cancelled_loses_nothing) {
    auto [here, there] = make_channels();
    spawn([](any_channel& a, any_channel& b) -> task<> {
        co_await receive_first(a, b);
        asio::cancellation_signal signal;
        received cancelled;
        a.async_receive(asio::bind_cancellation_slot(signal.slot(), cancelled.handler()));
        co_await pause(1ms);
        BOOST_TEST(cancelled.count == 0);
        signal.emit(asio::cancellation_type::total);
        co_await pause(1ms);
        BOOST_TEST(cancelled.count == 1);
        BOOST_TEST((cancelled.ec == asio::error::operation_aborted));
        co_await b.async_send("second");
        const auto second = co_await a.async_receive();
        BOOST_TEST((second == "second"));
    }(here, there));
    loop.run();
}

BOOST_AUTO_TEST_CASE(close_ends_what_is_looked_for) {
    auto [here, there] = make_channels();
    received waiting;
    spawn([](any_channel& a, any_channel& b, received& last) -> task<> {
        co_await receive_first(a, b);
        a.async_receive(last.handler());
        a.close();
    }(here, there, waiting));
    loop.run();
    BOOST_TEST(waiting.count == 1);
    BOOST_TEST((waiting.ec == asio::error::operation_aborted));
}

// Over TCP what comes is read until the other side has closed, too.
BOOST_AUTO_TEST_CASE(a_shutdown_over_tcp_by_who_has_just_received) {
    using asio::ip::tcp;
    tcp::acceptor acceptor(loop.context(), tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket a(loop.context());
    a.connect(acceptor.local_endpoint());
    channel here(std::move(a), length_prefix()), there(acceptor.accept(), length_prefix());
    bool ended = false;
    spawn([](any_channel& c, bool& done) -> task<> {
        co_await c.async_receive();
        co_await c.async_receive();  // this one is looked for
        c.try_send("last");
        co_await c.async_shutdown();
        done = true;
    }(here, ended));
    spawn([](any_channel& c, const bool& done) -> task<> {
        co_await c.async_send("first");
        co_await pause(2ms);
        co_await c.async_send("second");
        BOOST_TEST((co_await c.async_receive() == "last"));
        BOOST_TEST(!co_await c.async_receive());
        for (int i = 0; i < 5; ++i) {
            co_await c.async_send("unread");
            co_await pause(1ms);
        }
        BOOST_TEST(!done);
        c.close();
    }(there, ended));
    loop.run();
    BOOST_TEST(ended);
}

BOOST_AUTO_TEST_CASE(who_is_looked_for_has_a_turn_beside_a_coroutine_that_never_waits) {
    auto [here, there] = make_channels();
    bool enough = false;
    spawn([](const bool& until) -> task<> {
        while (!until) co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    }(enough));
    spawn(echo(there));
    spawn([](any_channel& c, bool& done) -> task<> {
        int answers = 0;
        co_await ask(c, 100, answers);
        done = answers == 100;
    }(here, enough));
    loop.run();
    BOOST_TEST(enough);
}

// Otherwise it would keep the loop from running out of work, which nobody waits for.
BOOST_AUTO_TEST_CASE(a_cancelled_receive_is_no_work_for_a_loop_that_was_stopped) {
    auto [here, there] = make_channels();
    received cancelled;
    spawn([](event_loop& l, any_channel& a, any_channel& b, received& last) -> task<> {
        co_await receive_first(a, b);
        a.async_receive(last.handler());
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        a.cancel();
        l.stop();
    }(loop, here, there, cancelled));
    loop.run();
    loop.restart();
    loop.run();
    BOOST_TEST((cancelled.ec == asio::error::operation_aborted));
}

// The number of the socket belongs to another one by the time of the next look.
BOOST_AUTO_TEST_CASE(a_closed_channel_takes_nothing_from_who_has_its_number_now) {
    auto [here, there] = make_channels();
    received waiting;
    std::optional<local_stream::socket> mine, peer;
    spawn([](any_channel& a, any_channel& b, received& last, auto& one, auto& other) -> task<> {
        co_await receive_first(a, b);
        a.async_receive(last.handler());
        co_await pause(1ms);
        const int number = a.native_handle();
        a.close();
        auto made = make_socket_pair<local_stream>(a.get_executor()).value();
        BOOST_REQUIRE(made.first.native_handle() == number);
        made.second.send(asio::buffer("x", 1));
        one.emplace(std::move(made.first));
        other.emplace(std::move(made.second));
    }(here, there, waiting, mine, peer));
    loop.run();
    BOOST_TEST((waiting.ec == asio::error::operation_aborted));
    BOOST_TEST(mine->available() == 1u);
}

// The loop that ends leaves them to the reactor of the context, whoever runs that.
BOOST_AUTO_TEST_CASE(what_is_looked_for_stays_pending_when_the_loop_stops) {
    auto [here, there] = make_channels();
    received waiting;
    spawn([](event_loop& l, any_channel& a, any_channel& b, received& last) -> task<> {
        co_await receive_first(a, b);
        a.async_receive(last.handler());
        co_await pause(2ms);
        l.stop();
        co_await b.async_send("second");
    }(loop, here, there, waiting));
    loop.run();
    BOOST_TEST(waiting.count == 0);
    loop.restart();
    loop.context().run();
    BOOST_TEST(waiting.is("second"));
}

BOOST_AUTO_TEST_CASE(what_a_handler_throws_leaves_run_and_the_others_are_looked_for) {
    auto [here, there] = make_channels();
    auto [a, b] = make_channels();
    int answers = 0;
    spawn(echo(there));
    spawn(ask(here, 200, answers));
    spawn([](any_channel& to) -> task<> { co_await to.async_send("first"), co_await to.async_send("second"); }(b));
    received second;
    a.async_receive([&, &c = a](error_code, auto) {
        c.async_receive([&](error_code, auto) {
            c.async_receive(second.handler());
            throw std::runtime_error("mine");
        });
    });
    BOOST_CHECK_THROW(loop.run(), std::runtime_error);
    asio::post(loop.get_executor(), [&, &c = a] { BOOST_TEST((c.close(), true)); });
    loop.run();
    BOOST_TEST(answers == 200);
    BOOST_TEST(second.count == 1);
}

BOOST_AUTO_TEST_CASE(what_is_pending_is_destroyed_with_the_loop) {
    const auto alive = std::make_shared<int>(0);
    {
        event_loop mine({.busy_poll = long_enough});
        auto [a, b] = make_channels(mine.get_executor());
        asio::co_spawn(
            mine.get_executor(),
            [](event_loop& l, any_channel here, any_channel there, std::shared_ptr<int>) -> task<> {
                co_await receive_first(here, there);
                asio::post(l.get_executor(), [&l] { l.stop(); });
                co_await here.async_receive();
            }(mine, std::move(a), std::move(b), alive),
            rethrow);
        mine.run();
        BOOST_TEST(alive.use_count() == 2);
    }
    BOOST_TEST(alive.use_count() == 1);
}

// Its handlers must not run beside others of the strand: it is left to the reactor.
BOOST_AUTO_TEST_CASE(a_channel_on_a_strand_stays_on_it) {
    const auto strand = asio::make_strand(loop.get_executor());
    auto [here, there] = make_channels(strand);
    int within = 0;
    asio::co_spawn(
        strand,
        [](auto on, any_channel& a, any_channel& b, int& n) -> task<> {
            for (int i = 0; i < 10; ++i) {
                co_await b.async_send("x");
                co_await a.async_receive();
                if (on.running_in_this_thread()) ++n;
            }
        }(strand, here, there, within),
        rethrow);
    loop.run();
    BOOST_TEST(within == 10);
}

// It blocks in the end, and what comes then comes through the reactor.
BOOST_AUTO_TEST_CASE(a_loop_that_has_polled_in_vain_is_woken) {
    event_loop mine({.busy_poll = 50us});
    auto [a, b] = make_channels(mine.get_executor());
    int answers = 0;
    asio::co_spawn(mine.get_executor(), echo(b), rethrow);
    asio::co_spawn(
        mine.get_executor(),
        [](any_channel& c, int& n) -> task<> {
            for (int i = 0; i < 20; ++i) {
                co_await pause(2ms);
                co_await c.async_send("x");
                if (co_await c.async_receive()) ++n;
            }
            c.close();
        }(a, answers),
        rethrow);
    mine.run();
    BOOST_TEST(answers == 20);
    BOOST_TEST(mine.counters().waits > 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
