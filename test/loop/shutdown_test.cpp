// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/shutdown.hpp>

#include "leftovers.hpp"
#include "run_task.hpp"
#include "signal_state.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <memory>
#include <optional>
#include <sstream>

#include <unistd.h>

BOOST_AUTO_TEST_SUITE(shutdown_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

void some_handler(int) {}

struct fixture : no_leftovers, signal_state {
    fixture() : signal_state({SIGUSR1, SIGUSR2}) {}

    asio::io_context io;
    shutdown_options options{.signals = {SIGUSR1, SIGUSR2}, .deadline = 1h};
};

// What the waits for both phases ended with.
struct watch {
    std::optional<error_code> draining, forced;

    explicit watch(shutdown_control& s) {
        s.async_wait_draining([this](error_code ec) { draining = ec; });
        s.async_wait_forced([this](error_code ec) { forced = ec; });
    }
    watch(const watch&) = delete;
    watch& operator=(const watch&) = delete;
};

bool is_success(const std::optional<error_code>& ec) { return ec && !*ec; }
bool is_aborted(const std::optional<error_code>& ec) { return ec == asio::error::operation_aborted; }

BOOST_FIXTURE_TEST_SUITE(shutdown_suite, fixture)

BOOST_AUTO_TEST_CASE(a_phase_prints) {
    std::ostringstream out;
    out << shutdown_phase::running << ' ' << shutdown_phase::draining << ' ' << shutdown_phase::forced;
    BOOST_TEST(out.str() == "running draining forced");
}

BOOST_AUTO_TEST_CASE(nothing_happens_before_somebody_asks) {
    shutdown_control s(io.get_executor(), options);
    const watch seen(s);
    run_ready(io);
    BOOST_TEST(s.phase() == shutdown_phase::running);
    BOOST_TEST(s.signal_number() == 0);
    BOOST_TEST((!seen.draining && !seen.forced));
}

BOOST_AUTO_TEST_CASE(the_first_signal_drains_and_the_second_forces) {
    shutdown_control s(io.get_executor(), options);
    const watch seen(s);
    ::kill(::getpid(), SIGUSR2);
    run_until(io, [&] { return seen.draining.has_value(); });
    BOOST_TEST(is_success(seen.draining));
    BOOST_TEST(s.phase() == shutdown_phase::draining);
    BOOST_TEST(s.signal_number() == SIGUSR2);
    run_ready(io);
    BOOST_TEST(!seen.forced);
    ::raise(SIGUSR1);
    run_until(io, [&] { return seen.forced.has_value(); });
    BOOST_TEST(is_success(seen.forced));
    BOOST_TEST(s.phase() == shutdown_phase::forced);
    BOOST_TEST(s.signal_number() == SIGUSR2);  // the one that began it
}

BOOST_AUTO_TEST_CASE(a_signal_before_the_loop_runs_is_kept) {
    shutdown_control s(io.get_executor(), options);
    ::raise(SIGUSR1);
    const watch seen(s);
    run_until(io, [&] { return seen.draining.has_value(); });
    BOOST_TEST(s.signal_number() == SIGUSR1);
}

BOOST_AUTO_TEST_CASE(the_deadline_forces) {
    options.deadline = 1ms;
    shutdown_control s(io.get_executor(), options);
    const watch seen(s);
    ::raise(SIGUSR1);
    run_until(io, [&] { return seen.forced.has_value(); });
    BOOST_TEST(is_success(seen.draining));
    BOOST_TEST(s.phase() == shutdown_phase::forced);
}

BOOST_AUTO_TEST_CASE(a_deadline_of_zero_forces_in_the_next_turn_and_the_longest_one_never) {
    options.deadline = 0ms;
    shutdown_control quick(io.get_executor(), options);
    const watch quick_seen(quick);
    quick.request();
    BOOST_TEST(quick.phase() == shutdown_phase::draining);
    run_until(io, [&] { return quick_seen.forced.has_value(); });

    options.deadline = std::chrono::milliseconds::max();
    shutdown_control slow(io.get_executor(), options);
    slow.request();
    run_ready(io);
    BOOST_TEST(slow.phase() == shutdown_phase::draining);
}

BOOST_AUTO_TEST_CASE(a_program_may_ask_itself) {
    shutdown_control s(io.get_executor(), options);
    const watch seen(s);
    s.request();
    BOOST_TEST(s.phase() == shutdown_phase::draining);
    BOOST_TEST(s.signal_number() == 0);
    BOOST_TEST(!seen.draining);  // not from within
    s.request();                 // does not insist
    run_ready(io);
    BOOST_TEST(is_success(seen.draining));
    BOOST_TEST(s.phase() == shutdown_phase::draining);
    s.request(SIGTERM);  // as if the signal had come
    BOOST_TEST(s.phase() == shutdown_phase::forced);
}

BOOST_AUTO_TEST_CASE(force_skips_the_draining_and_tells_all) {
    shutdown_control s(io.get_executor(), options);
    const watch seen(s);
    s.force();
    s.force();
    s.request();
    run_ready(io);
    BOOST_TEST(s.phase() == shutdown_phase::forced);
    BOOST_TEST(is_success(seen.draining));
    BOOST_TEST(is_success(seen.forced));
}

BOOST_AUTO_TEST_CASE(who_waits_late_is_told_at_once) {
    shutdown_control s(io.get_executor(), options);
    s.force();
    const watch late(s);
    BOOST_TEST(!late.draining);
    run_ready(io);
    BOOST_TEST(is_success(late.draining));
    BOOST_TEST(is_success(late.forced));
}

BOOST_AUTO_TEST_CASE(a_coroutine_waits_for_it) {
    shutdown_control s(io.get_executor(), options);
    ::raise(SIGUSR1);
    run_task(io, [](shutdown_control& stopping) -> task<> {
        BOOST_TEST(stopping.phase() == shutdown_phase::running);
        co_await stopping.async_wait_draining();
        BOOST_TEST(stopping.phase() == shutdown_phase::draining);
        BOOST_TEST(stopping.signal_number() == SIGUSR1);
        stopping.force();
        co_await stopping.async_wait_forced();
        BOOST_TEST(stopping.phase() == shutdown_phase::forced);
    }(s));
}

BOOST_AUTO_TEST_CASE(a_wait_may_be_cancelled_and_nothing_is_lost) {
    shutdown_control s(io.get_executor(), options);
    asio::cancellation_signal cancel;
    std::optional<error_code> one;
    s.async_wait_draining(asio::bind_cancellation_slot(cancel.slot(), [&](error_code ec) { one = ec; }));
    const watch others(s);
    run_ready(io);
    cancel.emit(asio::cancellation_type::total);
    run_ready(io);
    BOOST_TEST(is_aborted(one));
    BOOST_TEST(!others.draining);
    s.request();
    run_ready(io);
    BOOST_TEST(is_success(others.draining));
}

BOOST_AUTO_TEST_CASE(close_ends_the_waits_and_leaves_no_work) {
    shutdown_control s(io.get_executor(), options);
    const watch seen(s);
    s.request();
    s.close();
    s.close();
    io.run();  // returns
    BOOST_TEST(is_success(seen.draining));
    BOOST_TEST(is_aborted(seen.forced));
    const watch late(s);
    s.request(SIGUSR1);
    s.force();
    io.restart();
    io.run();
    BOOST_TEST(s.phase() == shutdown_phase::draining);
    BOOST_TEST(is_success(late.draining));
    BOOST_TEST(is_aborted(late.forced));
}

BOOST_AUTO_TEST_CASE(it_may_be_destroyed_with_waits_pending) {
    auto s = std::make_unique<shutdown_control>(io.get_executor(), options);
    const watch seen(*s);
    s.reset();
    io.run();
    BOOST_TEST(is_aborted(seen.draining));
    BOOST_TEST(is_aborted(seen.forced));
}

BOOST_AUTO_TEST_CASE(it_may_be_destroyed_by_who_waited) {
    auto s = std::make_unique<shutdown_control>(io.get_executor(), options);
    std::optional<error_code> forced;
    s->async_wait_draining([&](error_code) { s.reset(); });
    s->async_wait_forced([&](error_code ec) { forced = ec; });
    ::raise(SIGUSR1);
    io.run();
    BOOST_TEST(!s);
    BOOST_TEST(is_aborted(forced));
}

BOOST_AUTO_TEST_CASE(the_context_may_be_destroyed_with_waits_pending) {
    const auto alive = std::make_shared<int>(0);
    {
        asio::io_context own;
        auto s = std::make_shared<shutdown_control>(own.get_executor(), options);
        s->async_wait_draining([s, alive](error_code) { BOOST_ERROR("ran"); });
        s->async_wait_forced([alive](error_code) { BOOST_ERROR("ran"); });
        s.reset();
        run_ready(own);
    }
    BOOST_TEST(alive.use_count() == 1);
    BOOST_TEST(handler_is(SIGUSR1, SIG_DFL));
}

BOOST_AUTO_TEST_CASE(earlier_dispositions_come_back) {
    for (const bool by_force : {false, true}) {
        const signal_state own({SIGUSR1}, some_handler);
        shutdown_control s(io.get_executor(), options);
        BOOST_TEST(!handler_is(SIGUSR1, some_handler));
        BOOST_TEST(!handler_is(SIGUSR2, SIG_DFL));
        if (by_force) s.force();
        if (!by_force) s.close();
        BOOST_TEST(handler_is(SIGUSR1, some_handler));
        BOOST_TEST(handler_is(SIGUSR2, SIG_DFL));
    }
}

BOOST_AUTO_TEST_CASE(an_ignored_signal_stays_ignored) {
    const signal_state nohup({SIGUSR1}, SIG_IGN);
    shutdown_control s(io.get_executor(), options);
    BOOST_TEST(handler_is(SIGUSR1, SIG_IGN));
    ::raise(SIGUSR1);
    ::raise(SIGUSR2);
    const watch seen(s);
    run_until(io, [&] { return seen.draining.has_value(); });
    BOOST_TEST(s.signal_number() == SIGUSR2);
    s.close();
    BOOST_TEST(handler_is(SIGUSR1, SIG_IGN));
}

BOOST_AUTO_TEST_CASE(a_signal_set_on_the_same_signal_lives_on_whoever_came_first) {
    for (const bool it_came_first : {true, false}) {
        asio::signal_set other(io);
        if (it_came_first) other.add(SIGUSR1);
        {
            shutdown_control s(io.get_executor(), options);
            if (!it_came_first) other.add(SIGUSR1);
        }
        BOOST_TEST_REQUIRE(!handler_is(SIGUSR1, SIG_DFL));
        int seen = 0;
        other.async_wait([&](error_code ec, int number) { seen = ec ? -1 : number; });
        ::raise(SIGUSR1);
        run_until(io, [&] { return seen != 0; });
        BOOST_TEST(seen == SIGUSR1);
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_caught_is_refused_and_nothing_is_left) {
    options.signals = {SIGUSR1, SIGKILL};
    BOOST_CHECK_EXCEPTION(shutdown_control(io.get_executor(), options), boost::system::system_error, [](const auto& e) {
        return e.code() == boost::system::errc::invalid_argument && std::string(e.what()).starts_with("catch signal 9");
    });
    BOOST_TEST(handler_is(SIGUSR1, SIG_DFL));
    io.run();
}

BOOST_AUTO_TEST_CASE(a_signal_that_was_blocked_when_it_began_is_seen_when_it_is_let_through) {
    sigset_t held, earlier;
    sigemptyset(&held);
    sigaddset(&held, SIGUSR1);
    sigaddset(&held, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &held, &earlier);
    shutdown_control s(io.get_executor(), options);
    BOOST_TEST(!handler_is(SIGUSR1, SIG_DFL));  // or it would end the program
    ::raise(SIGUSR1);
    run_ready(io);
    BOOST_TEST(s.phase() == shutdown_phase::running);
    pthread_sigmask(SIG_SETMASK, &earlier, nullptr);
    run_ready(io);
    BOOST_TEST(s.phase() == shutdown_phase::draining);
    s.close();
}

BOOST_AUTO_TEST_CASE(it_works_without_any_signal) {
    options.signals = {};
    shutdown_control s(io.get_executor(), options);
    io.run();  // no work of its own
    s.request();
    BOOST_TEST(s.phase() == shutdown_phase::draining);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
