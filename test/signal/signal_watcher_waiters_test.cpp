// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Many that wait at one watcher, and a watcher that watches nothing.

#include <parley/signal/signal_watcher.hpp>

#include "signal_tools.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <csignal>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(signal_watcher_waiters_test)

namespace {

namespace asio = boost::asio;
using parley::signal_watcher;
using parley::test::arrangement;
using parley::test::both_ways;
using parley::test::into;
using parley::test::run_until;
using parley::test::send;
using parley::test::waited;

std::size_t run_ready(asio::io_context& io) {
    io.restart();
    std::size_t ran = 0;
    while (const auto n = io.poll()) ran += n;
    return ran;
}

BOOST_FIXTURE_TEST_SUITE(clean, parley::test::no_signal_leftovers)

BOOST_DATA_TEST_CASE(an_event_wakes_the_waiter_that_came_first_and_no_other, both_ways, how) {
    constexpr int waiters = 1000;
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGRTMIN});
    std::vector<int> served;
    for (int i = 0; i < waiters; ++i)
        watcher.async_wait([&served, i](parley::error_code ec, const parley::signal_event& event) {
            served.push_back(ec ? -1 : i);
            BOOST_TEST(event.value == i);
        });
    run_ready(here.io);
    std::size_t handlers = 0;
    for (int i = 0; i < waiters / 2; ++i) {
        send(SIGRTMIN, i);
        handlers += run_ready(here.io);
        BOOST_TEST_REQUIRE(served.size() == static_cast<std::size_t>(i) + 1);
        BOOST_TEST_REQUIRE(served.back() == i);
    }
    BOOST_TEST(handlers < 10u * waiters / 2);  // and not half a million
    for (int i = waiters / 2; i < waiters; ++i) send(SIGRTMIN, i);
    handlers = run_ready(here.io);
    BOOST_TEST(handlers < 10u * waiters / 2);
    BOOST_TEST_REQUIRE(served.size() == static_cast<std::size_t>(waiters));
    for (int i = 0; i < waiters; ++i) BOOST_TEST_REQUIRE(served[static_cast<std::size_t>(i)] == i);
}

BOOST_DATA_TEST_CASE(who_comes_while_others_are_being_served_stands_behind_them, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGRTMIN});
    std::vector<char> order;
    watcher.async_wait([&](parley::error_code, const parley::signal_event&) {
        order.push_back('a');
        watcher.async_wait([&](parley::error_code, const parley::signal_event&) { order.push_back('c'); });
    });
    watcher.async_wait([&](parley::error_code, const parley::signal_event&) { order.push_back('b'); });
    for (int i = 0; i < 3; ++i) send(SIGRTMIN, i);
    run_until(here.io, [&] { return order.size() == 3; });
    BOOST_TEST(order == (std::vector<char>{'a', 'b', 'c'}), boost::test_tools::per_element());
}

BOOST_DATA_TEST_CASE(a_waiter_that_gives_up_anywhere_in_the_line_delays_nobody, both_ways, how) {
    for (std::size_t leaver = 0; leaver < 4; ++leaver) {
        arrangement here(how);
        signal_watcher watcher(here.io.get_executor(), {SIGRTMIN});
        std::deque<waited> results(4);
        std::deque<asio::cancellation_signal> cancels(4);
        for (std::size_t i = 0; i < 4; ++i)
            watcher.async_wait(asio::bind_cancellation_slot(cancels[i].slot(), into(results[i])));
        run_ready(here.io);
        cancels[leaver].emit(asio::cancellation_type::total);
        send(SIGRTMIN, 7);  // before the cancellation has had its turn
        for (int i = 1; i < 3; ++i) send(SIGRTMIN, 7 + i);
        run_ready(here.io);
        int value = 7;
        for (std::size_t i = 0; i < 4; ++i) {
            BOOST_TEST(results[i].done);
            if (i == leaver)
                BOOST_TEST(results[i].aborted());
            else
                BOOST_TEST(results[i].event.value == value++);
        }
    }
}

// The waiter that was called gives up before it could take its place.
BOOST_DATA_TEST_CASE(who_is_called_and_gives_up_calls_the_next, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGRTMIN});
    waited first, second, third;
    asio::cancellation_signal cancel;
    watcher.async_wait([&](parley::error_code ec, parley::signal_event event) {
        first = {true, ec, event};
        cancel.emit(asio::cancellation_type::total);  // the second has been called and did not run yet
    });
    watcher.async_wait(asio::bind_cancellation_slot(cancel.slot(), into(second)));
    watcher.async_wait(into(third));
    run_ready(here.io);
    send(SIGRTMIN, 1);
    send(SIGRTMIN, 2);
    run_until(here.io, [&] { return third.done; });
    BOOST_TEST(first.event.value == 1);
    BOOST_TEST(second.aborted());
    BOOST_TEST(third.event.value == 2);
}

BOOST_DATA_TEST_CASE(cancel_and_close_end_all_who_stand_in_the_line, both_ways, how) {
    for (const bool by_close : {false, true}) {
        arrangement here(how);
        signal_watcher watcher(here.io.get_executor(), {SIGRTMIN});
        std::deque<waited> results(5);
        for (auto& each : results) watcher.async_wait(into(each));
        run_ready(here.io);
        if (by_close)
            watcher.close();
        else
            watcher.cancel();
        run_ready(here.io);
        for (const auto& each : results) BOOST_TEST(each.aborted());
        if (by_close) continue;
        send(SIGRTMIN, 3);
        BOOST_TEST(parley::test::wait_one(here.io, watcher).value == 3);
    }
}

BOOST_DATA_TEST_CASE(the_context_may_be_destroyed_with_a_line_of_waiters, both_ways, how) {
    const auto alive = std::make_shared<int>(0);
    {
        arrangement here(how);
        signal_watcher watcher(here.io.get_executor(), {SIGRTMIN});
        for (int i = 0; i < 5; ++i)
            watcher.async_wait([alive](parley::error_code, const parley::signal_event&) { BOOST_ERROR("ran"); });
        run_ready(here.io);
    }
    BOOST_TEST(alive.use_count() == 1);
}

// One that was moved from, and one that was made so.
void watches_nothing(signal_watcher& watcher) {
    asio::io_context io;
    waited result;
    watcher.async_wait(asio::bind_executor(io, into(result)));
    BOOST_TEST(!result.done);
    run_until(io, [&] { return result.done; });
    BOOST_TEST(result.ec == asio::error::bad_descriptor);
    std::exception_ptr thrown;
    asio::co_spawn(
        io, [](signal_watcher& w) -> parley::task<> { co_await w.async_wait(asio::use_awaitable); }(watcher),
        [&](std::exception_ptr e) { thrown = e; });
    run_until(io, [&] { return static_cast<bool>(thrown); });
    BOOST_CHECK_EXCEPTION(std::rethrow_exception(thrown), boost::system::system_error,
                          [](const auto& e) { return e.code() == asio::error::bad_descriptor; });
    BOOST_TEST(!watcher.try_wait());
    watcher.cancel();
    watcher.close();
    BOOST_TEST(watcher.signals().empty());
    BOOST_TEST(watcher.missed() == 0u);
    BOOST_TEST(!watcher.uses_signalfd());
    signal_watcher other(std::move(watcher));
    watcher = std::move(other);
    BOOST_TEST(!watcher.try_wait());
}

BOOST_AUTO_TEST_CASE(every_function_of_an_empty_watcher_answers) {
    asio::io_context io;
    signal_watcher empty;
    watches_nothing(empty);
    signal_watcher from(io.get_executor(), {SIGUSR1});
    signal_watcher to(std::move(from));
    watches_nothing(from);
    send(SIGUSR1);
    BOOST_TEST(parley::test::wait_one(io, to).number == SIGUSR1);
    to = signal_watcher();
    watches_nothing(to);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace

BOOST_AUTO_TEST_SUITE_END()
