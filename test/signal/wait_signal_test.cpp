// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/signal/wait_signal.hpp>

#include <parley/core/error.hpp>
#include <parley/core/timeout.hpp>

#include "fault.hpp"
#include "signal_tools.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <exception>
#include <future>
#include <thread>

BOOST_AUTO_TEST_SUITE(wait_signal_test)

namespace asio = boost::asio;
using namespace std::chrono_literals;
using parley::async_wait_signal;
using parley::signal_mask;
using parley::test::blocked;
using parley::test::into;
using parley::test::run_until;
using parley::test::send;
using parley::test::waited;

waited wait_for(asio::io_context& io, const signal_mask& signals) {
    waited result;
    async_wait_signal(io.get_executor(), signals, into(result));
    BOOST_TEST(!result.done);  // never from within the call
    run_until(io, [&] { return result.done; });
    return result;
}

BOOST_FIXTURE_TEST_SUITE(clean, parley::test::no_signal_leftovers)

BOOST_AUTO_TEST_CASE(a_coroutine_pauses_until_the_signal_comes) {
    const blocked held({SIGRTMIN});
    asio::io_context io;
    int value = 0;
    asio::co_spawn(
        io, [&]() -> parley::task<> { value = (co_await async_wait_signal(io.get_executor(), {SIGRTMIN})).value; },
        asio::detached);
    io.poll();
    BOOST_TEST(value == 0);
    send(SIGRTMIN, 4);
    run_until(io, [&] { return value != 0; });
    BOOST_TEST(value == 4);
}

BOOST_AUTO_TEST_CASE(a_pending_signal_completes_at_once) {
    const blocked held({SIGUSR1});
    asio::io_context io;
    send(SIGUSR1);
    BOOST_TEST(wait_for(io, {SIGUSR1}).event.number == SIGUSR1);
}

BOOST_AUTO_TEST_CASE(takes_one_and_leaves_the_others_pending) {
    const blocked held({SIGUSR1, SIGUSR2, SIGRTMIN});
    asio::io_context io;
    for (int i = 0; i < 3; ++i) send(SIGRTMIN, i);
    send(SIGUSR2);
    BOOST_TEST(wait_for(io, {SIGRTMIN}).event.value == 0);
    BOOST_TEST(parley::pending_signals().value() == (signal_mask{SIGUSR2, SIGRTMIN}));
    BOOST_TEST(wait_for(io, {SIGRTMIN, SIGUSR2}).event.number == SIGUSR2);
    BOOST_TEST(wait_for(io, {SIGRTMIN}).event.value == 1);
    BOOST_TEST(wait_for(io, {SIGRTMIN}).event.value == 2);
    BOOST_TEST(parley::pending_signals().value().empty());
}

BOOST_AUTO_TEST_CASE(does_not_touch_the_mask) {
    const blocked held({SIGUSR1});
    const auto before = parley::current_mask().value();
    asio::io_context io;
    waited result;
    async_wait_signal(io.get_executor(), {SIGUSR1}, into(result));
    io.poll();
    BOOST_TEST(parley::current_mask().value() == before);
    send(SIGUSR1);
    run_until(io, [&] { return result.done; });
    BOOST_TEST(parley::current_mask().value() == before);
}

BOOST_AUTO_TEST_CASE(refuses_a_signal_that_would_be_taken_away) {
    asio::io_context io;
    const auto refused = make_error_code(parley::errc::signal_not_blocked);
    BOOST_TEST(wait_for(io, {SIGUSR1}).ec == refused);
    const blocked held({SIGUSR1});
    BOOST_TEST(wait_for(io, {SIGUSR1, SIGUSR2}).ec == refused);
    BOOST_TEST(wait_for(io, {SIGKILL}).ec == refused);
    BOOST_TEST(wait_for(io, {}).ec == make_error_code(parley::errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(refuses_a_signal_that_another_thread_would_take) {
    asio::io_context io;
    std::promise<void> end;
    std::thread other([over = end.get_future()] { over.wait(); });
    {
        const blocked held({SIGUSR1});
        BOOST_TEST(wait_for(io, {SIGUSR1}).ec == make_error_code(parley::errc::signal_not_blocked));
    }
    end.set_value();
    other.join();
}

BOOST_AUTO_TEST_CASE(every_type_of_cancellation_leaves_the_signal_in_the_kernel) {
    const blocked held({SIGUSR1});
    asio::io_context io;
    for (const auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        asio::cancellation_signal cancellation;
        waited result;
        async_wait_signal(io.get_executor(), {SIGUSR1},
                          asio::bind_cancellation_slot(cancellation.slot(), into(result)));
        io.restart();
        io.poll();
        cancellation.emit(type);
        run_until(io, [&] { return result.aborted(); });
    }
    send(SIGUSR1);
    BOOST_TEST(parley::pending_signals().value() == signal_mask{SIGUSR1});
}

BOOST_AUTO_TEST_CASE(each_of_many_waiters_gets_one) {
    const blocked held({SIGRTMIN});
    asio::io_context io;
    waited first, second;
    async_wait_signal(io.get_executor(), {SIGRTMIN}, into(first));
    async_wait_signal(io.get_executor(), {SIGRTMIN}, into(second));
    io.poll();
    send(SIGRTMIN, 1);
    run_until(io, [&] { return first.done || second.done; });
    io.restart();
    io.poll();
    BOOST_TEST(first.done != second.done);
    send(SIGRTMIN, 2);
    run_until(io, [&] { return first.done && second.done; });
    BOOST_TEST(first.event.value + second.event.value == 3);
}

BOOST_AUTO_TEST_CASE(a_watcher_of_the_same_number_sees_it_too) {
    const blocked held({SIGRTMIN});
    asio::io_context io;
    parley::signal_watcher watcher(io.get_executor(), {SIGRTMIN});
    send(SIGRTMIN, 5);
    BOOST_TEST(wait_for(io, {SIGRTMIN}).event.value == 5);
    BOOST_TEST(parley::test::wait_one(io, watcher).value == 5);
}

BOOST_AUTO_TEST_CASE(takes_a_deadline) {
    const blocked held({SIGUSR1});
    asio::io_context io;
    parley::error_code failure;
    bool done = false;
    asio::co_spawn(
        io,
        [&]() -> parley::task<> {
            co_await parley::with_timeout(async_wait_signal(io.get_executor(), {SIGUSR1}), 1ms,
                                          asio::redirect_error(asio::use_awaitable, failure));
            done = true;
        },
        asio::detached);
    run_until(io, [&] { return done; });
    BOOST_TEST(failure == asio::error::timed_out);
}

BOOST_AUTO_TEST_CASE(a_wait_that_never_ends_goes_with_the_loop) {
    const blocked held({SIGUSR1});
    bool called = false;
    {
        asio::io_context io;
        async_wait_signal(io.get_executor(), {SIGUSR1},
                          [&](parley::error_code, parley::signal_event) { called = true; });
        io.poll();
    }
    BOOST_TEST(!called);
}

BOOST_AUTO_TEST_CASE(a_failing_signalfd_is_reported) {
    const blocked held({SIGUSR1});
    asio::io_context io;
    const parley::test::fault injected(parley::sys::call::signalfd, EMFILE, 1, 1);
    BOOST_TEST(wait_for(io, {SIGUSR1}).ec == parley::sys::make_code(EMFILE));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
