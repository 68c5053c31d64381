// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/signal/signal_watcher.hpp>

#include <parley/core/error.hpp>
#include <parley/core/timeout.hpp>

#include "signal_tools.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <exception>
#include <future>
#include <optional>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(signal_watcher_cancel_test)

namespace asio = boost::asio;
using namespace std::chrono_literals;
using parley::error_code;
using parley::signal_event;
using parley::signal_watcher;
using parley::test::arrangement;
using parley::test::both_ways;
using parley::test::into;
using parley::test::run_until;
using parley::test::send;
using parley::test::wait_one;
using parley::test::waited;

BOOST_FIXTURE_TEST_SUITE(clean, parley::test::no_signal_leftovers)

BOOST_DATA_TEST_CASE(cancel_ends_the_waits_and_the_watcher_goes_on, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGUSR1});
    std::vector<waited> results(3);
    for (auto& result : results) watcher.async_wait(into(result));
    here.io.poll();
    watcher.cancel();
    run_until(here.io, [&] { return results[0].aborted() && results[1].aborted() && results[2].aborted(); });
    send(SIGUSR1);
    BOOST_TEST(wait_one(here.io, watcher).number == SIGUSR1);
}

BOOST_DATA_TEST_CASE(a_wait_that_never_ran_can_be_cancelled, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGUSR1});
    waited result;
    watcher.async_wait(into(result));
    watcher.cancel();
    run_until(here.io, [&] { return result.aborted(); });
}

BOOST_DATA_TEST_CASE(every_type_of_cancellation_ends_a_wait_and_loses_nothing, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGRTMIN});
    for (const auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        asio::cancellation_signal cancellation;
        waited result, other;
        watcher.async_wait(asio::bind_cancellation_slot(cancellation.slot(), into(result)));
        watcher.async_wait(into(other));
        here.io.restart();
        here.io.poll();
        cancellation.emit(type);
        run_until(here.io, [&] { return result.aborted(); });
        BOOST_TEST(!other.done);
        send(SIGRTMIN, 9);
        run_until(here.io, [&] { return other.done; });
        BOOST_TEST(other.event.value == 9);
    }
}

BOOST_DATA_TEST_CASE(a_cancellation_between_event_and_completion_keeps_the_event, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGRTMIN});
    asio::cancellation_signal cancellation;
    waited result;
    send(SIGRTMIN, 1);
    watcher.async_wait(
        asio::bind_cancellation_slot(cancellation.slot(), into(result)));  // ready: completion is on its way
    cancellation.emit(asio::cancellation_type::total);
    run_until(here.io, [&] { return result.done; });
    if (result.ec)
        BOOST_TEST(wait_one(here.io, watcher).value == 1);
    else
        BOOST_TEST(result.event.value == 1);
    BOOST_TEST(!watcher.try_wait());
}

// One signal wakes all waiters; the one that loses the event must see a cancellation that came in between.
BOOST_DATA_TEST_CASE(a_waiter_that_woke_in_vain_is_cancelled_all_the_same, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGUSR1});
    waited first, second;
    watcher.async_wait([&](error_code ec, signal_event event) {
        first = {true, ec, event};
        watcher.cancel();
    });
    watcher.async_wait(into(second));
    here.io.poll();
    send(SIGUSR1);
    run_until(here.io, [&] { return first.done && second.done; });
    BOOST_TEST(first.event.number == SIGUSR1);
    BOOST_TEST(second.aborted());
}

BOOST_DATA_TEST_CASE(a_slot_that_fires_after_a_vain_wake_up_still_counts, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGUSR1});
    asio::cancellation_signal cancellation;
    waited first, second;
    watcher.async_wait([&](error_code ec, signal_event event) {
        first = {true, ec, event};
        cancellation.emit(asio::cancellation_type::total);
    });
    watcher.async_wait(asio::bind_cancellation_slot(cancellation.slot(), into(second)));
    here.io.poll();
    send(SIGUSR1);
    run_until(here.io, [&] { return first.done && second.done; });
    BOOST_TEST(second.aborted());
}

BOOST_DATA_TEST_CASE(close_is_final_and_idempotent, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGUSR1});
    waited before, after;
    watcher.async_wait(into(before));
    here.io.poll();
    {
        const parley::test::blocked held({SIGUSR1});  // nobody catches it any more
        watcher.close();
        watcher.close();
        send(SIGUSR1);
        watcher.async_wait(into(after));
        BOOST_TEST(!after.done);  // never from within the call
        run_until(here.io, [&] { return before.aborted() && after.aborted(); });
        BOOST_TEST(!watcher.try_wait());
        watcher.cancel();
    }
}

BOOST_DATA_TEST_CASE(close_drops_what_nobody_took, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGRTMIN});
    send(SIGRTMIN, 1);
    send(SIGRTMIN, 2);
    BOOST_TEST(watcher.try_wait()->value == 1);
    watcher.close();
    BOOST_TEST(!watcher.try_wait());
}

BOOST_DATA_TEST_CASE(its_end_aborts_the_waits, both_ways, how) {
    arrangement here(how);
    waited result;
    {
        signal_watcher watcher(here.io.get_executor(), {SIGUSR1});
        watcher.async_wait(into(result));
        here.io.poll();
    }
    run_until(here.io, [&] { return result.aborted(); });
}

BOOST_DATA_TEST_CASE(a_handler_may_destroy_the_watcher, both_ways, how) {
    arrangement here(how);
    std::optional<signal_watcher> watcher(std::in_place, here.io.get_executor(), parley::signal_mask{SIGUSR1});
    waited other;
    bool done = false;
    watcher->async_wait([&](error_code, signal_event) {
        watcher.reset();
        done = true;
    });
    watcher->async_wait(into(other));
    here.io.poll();
    send(SIGUSR1);
    run_until(here.io, [&] { return done && other.done; });
    BOOST_TEST(other.aborted());
}

BOOST_DATA_TEST_CASE(waits_that_never_end_go_with_the_loop, both_ways, how) {
    bool called = false;
    {
        std::optional<signal_watcher> watcher;
        arrangement here(how);
        watcher.emplace(here.io.get_executor(), parley::signal_mask{SIGUSR1});
        watcher->async_wait([&](error_code, signal_event) { called = true; });
        here.io.poll();
        watcher.reset();
    }
    BOOST_TEST(!called);
}

BOOST_DATA_TEST_CASE(a_pending_wait_keeps_the_loop_running, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGUSR1});
    here.io.poll();
    BOOST_TEST(here.io.stopped());  // a watcher alone does not
    here.io.restart();
    waited result;
    watcher.async_wait(into(result));
    here.io.poll();
    BOOST_TEST(!here.io.stopped());
    watcher.close();
    here.io.run();
    BOOST_TEST(result.aborted());
}

BOOST_DATA_TEST_CASE(moves_with_its_waits, both_ways, how) {
    arrangement here(how);
    signal_watcher source(here.io.get_executor(), {SIGUSR1});
    waited result, replaced;
    source.async_wait(into(result));
    signal_watcher target(here.io.get_executor(), {SIGUSR2});
    target.async_wait(into(replaced));
    here.io.poll();
    target = std::move(source);
    run_until(here.io, [&] { return replaced.aborted(); });
    const parley::test::blocked held({SIGUSR2});
    send(SIGUSR1);
    send(SIGUSR2);  // the replaced watcher is closed
    run_until(here.io, [&] { return result.done; });
    BOOST_TEST(result.event.number == SIGUSR1);
    signal_watcher last(std::move(target));
    BOOST_TEST(last.signals() == parley::signal_mask{SIGUSR1});
    BOOST_TEST(!last.try_wait());
}

parley::task<> time_out(signal_watcher& watcher, std::exception_ptr& failure) {
    try {
        co_await parley::with_timeout(watcher.async_wait(), 1ms);
    } catch (...) {
        failure = std::current_exception();
    }
}

BOOST_DATA_TEST_CASE(takes_a_deadline, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGUSR1});
    std::exception_ptr failure;
    bool done = false;
    asio::co_spawn(here.io, time_out(watcher, failure), [&](std::exception_ptr) { done = true; });
    run_until(here.io, [&] { return done; });
    BOOST_CHECK_EXCEPTION(std::rethrow_exception(failure), boost::system::system_error,
                          [](const auto& e) { return e.code() == asio::error::timed_out; });
}

parley::task<> either(signal_watcher& a, signal_watcher& b, std::size_t& which) {
    using namespace asio::experimental::awaitable_operators;
    const auto first = co_await (a.async_wait(asio::use_awaitable) || b.async_wait(asio::use_awaitable));
    which = first.index();
}

BOOST_DATA_TEST_CASE(works_with_the_awaitable_operators, both_ways, how) {
    arrangement here(how);
    signal_watcher a(here.io.get_executor(), {SIGUSR1}), b(here.io.get_executor(), {SIGUSR2});
    std::size_t which = 9;
    asio::co_spawn(here.io, either(a, b, which), asio::detached);
    here.io.poll();
    send(SIGUSR2);
    run_until(here.io, [&] { return which != 9; });
    BOOST_TEST(which == 1u);
}

BOOST_DATA_TEST_CASE(takes_futures_tuples_and_executors, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGRTMIN});
    for (int i = 0; i < 3; ++i) send(SIGRTMIN, i);
    auto future = watcher.async_wait(asio::use_future);
    auto strand = asio::make_strand(here.io);
    bool on_strand = false, deferred = false;
    watcher.async_wait(
        asio::bind_executor(strand, [&](error_code, signal_event) { on_strand = strand.running_in_this_thread(); }));
    watcher.async_wait(asio::deferred)([&](error_code ec, signal_event) { deferred = !ec; });
    run_until(here.io, [&] { return on_strand && deferred; });
    BOOST_TEST(future.get().value == 0);
}

BOOST_DATA_TEST_CASE(runs_on_a_thread_pool, both_ways, how) {
    std::optional<parley::test::blocked> held;
    if (how == parley::test::way::signalfd) held.emplace(std::initializer_list<int>{SIGRTMIN});
    asio::thread_pool pool(2);
    const auto strand = asio::make_strand(pool);
    signal_watcher watcher(strand, {SIGRTMIN});
    for (int i = 0; i < 50; ++i) {
        auto next = asio::post(strand, asio::use_future([&] { return watcher.async_wait(asio::use_future); })).get();
        send(SIGRTMIN, i);
        BOOST_TEST(next.get().value == i);
    }
    asio::post(strand, asio::use_future([&] { watcher.close(); })).get();
    pool.join();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
