// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/child.hpp>

#include "fault.hpp"
#include "process_tools.hpp"
#include "skip.hpp"

#include <parley/core/timeout.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(child_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(child_suite, process_fixture)

BOOST_AUTO_TEST_CASE(exit_codes_are_told_exactly) {
    for (const int code : {0, 1, 9, 127, 255})
        BOOST_TEST(status_of(helper({"exit", std::to_string(code)})) == exit_status::exited(code));
}

BOOST_AUTO_TEST_CASE(every_deadly_signal_is_told_as_a_signal) {
    for (int number = 1; number <= 31; ++number) {
        switch (number) {
            case SIGCHLD:
            case SIGCONT:
            case SIGSTOP:
            case SIGTSTP:
            case SIGTTIN:
            case SIGTTOU:
            case SIGURG:
            case SIGWINCH:
                continue;
            default:
                break;
        }
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        if (number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL || number == SIGABRT)
            continue;  // the sanitizer's own
#endif
        BOOST_TEST(status_of(helper({"kill-self", std::to_string(number)})) == exit_status::signalled(number));
    }
}

BOOST_AUTO_TEST_CASE(stop_and_continue_are_not_an_end) {
    run_task(io, [](process_fixture&) -> task<> {
        auto c = co_await start_ready(helper({"ready"}));
        BOOST_TEST(c.send_signal(SIGSTOP).has_value());
        int status = 0;  // as the kernel's own report, to be sure that it has stopped
        BOOST_TEST(::waitpid(c.pid(), &status, WUNTRACED) == c.pid());
        BOOST_TEST(WIFSTOPPED(status));
        BOOST_TEST(!c.try_wait().has_value());
        BOOST_TEST(c.send_signal(SIGCONT).has_value());
        BOOST_TEST(!c.try_wait().has_value());
        BOOST_TEST(c.send_signal(SIGKILL).has_value());
        BOOST_TEST(co_await c.async_wait() == exit_status::signalled(SIGKILL));
    }(*this));
}

BOOST_AUTO_TEST_CASE(any_number_of_waiters_get_the_same_status) {
    auto c = start(helper({"ready"}));
    int told = 0;
    for (int i = 0; i < 20; ++i)
        c.async_wait([&](error_code ec, exit_status s) {
            BOOST_TEST(!ec);
            BOOST_TEST(s == exit_status::signalled(SIGUSR1));
            ++told;
        });
    BOOST_TEST(c.send_signal(SIGUSR1).has_value());
    run_until(io, [&] { return told == 20; });
    // And after the end, too.
    BOOST_TEST(end_of(c) == exit_status::signalled(SIGUSR1));
    BOOST_TEST(c.try_wait().value() == exit_status::signalled(SIGUSR1));
}

BOOST_AUTO_TEST_CASE(a_wait_never_completes_within_its_own_call) {
    auto c = start(helper({"exit", "3"}));
    end_of(c);
    bool called = false;
    c.async_wait([&](error_code, exit_status) { called = true; });
    BOOST_TEST(!called);
    run_until(io, [&] { return called; });
}

BOOST_AUTO_TEST_CASE(a_future_can_wait) {
    auto c = start(helper({"exit", "3"}));
    auto future = c.async_wait(asio::use_future);
    run_until(io, [&] { return future.wait_for(0s) == std::future_status::ready; });
    BOOST_TEST(future.get() == exit_status::exited(3));
}

BOOST_AUTO_TEST_CASE(a_cancelled_wait_loses_nothing) {
    run_task(io, [](process_fixture&) -> task<> {
        auto c = co_await start_ready(helper({"ready"}));
        auto [ec, s] = co_await with_timeout(c.async_wait(), 5ms, asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(ec == asio::error::timed_out);
        BOOST_TEST(!s.known());
        BOOST_TEST(c.send_signal(SIGKILL).has_value());
        BOOST_TEST(co_await c.async_wait() == exit_status::signalled(SIGKILL));
    }(*this));
}

BOOST_AUTO_TEST_CASE(one_waiter_is_cancelled_and_the_other_goes_on) {
    auto c = start(helper({"ready"}));
    asio::cancellation_signal cancel;
    error_code first;
    bool second = false;
    c.async_wait(asio::bind_cancellation_slot(cancel.slot(), [&](error_code ec, exit_status) { first = ec; }));
    c.async_wait([&](error_code ec, exit_status s) {
        second = true;
        BOOST_TEST(!ec);
        BOOST_TEST(s == exit_status::signalled(SIGKILL));
    });
    cancel.emit(asio::cancellation_type::total);
    run_until(io, [&] { return bool(first); });
    BOOST_TEST(first == asio::error::operation_aborted);
    BOOST_TEST(!second);
    BOOST_TEST(c.send_signal(SIGKILL).has_value());
    run_until(io, [&] { return second; });
}

BOOST_AUTO_TEST_CASE(a_context_whose_waits_were_cancelled_has_no_work) {
    auto c = start(helper({"ready"}));
    asio::cancellation_signal cancel;
    c.async_wait(asio::bind_cancellation_slot(cancel.slot(), [](error_code, exit_status) {}));
    cancel.emit(asio::cancellation_type::terminal);
    BOOST_TEST(run_dry(io));
    BOOST_TEST(c.send_signal(SIGKILL).has_value());
    BOOST_TEST(end_of(c) == exit_status::signalled(SIGKILL));
}

BOOST_AUTO_TEST_CASE(the_operators_of_coroutines_work_with_it) {
    run_task(io, [](process_fixture&) -> task<> {
        using namespace asio::experimental::awaitable_operators;
        auto c = co_await start_ready(helper({"ready"}));
        asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
        const auto first = co_await (c.async_wait(asio::use_awaitable) || timer.async_wait(asio::use_awaitable));
        BOOST_TEST(first.index() == 1u);
        co_await c.async_stop(stop_policy::kill());
    }(*this));
}

BOOST_AUTO_TEST_CASE(a_signal_after_the_end_is_refused_without_a_system_call) {
    auto c = start(helper({"exit", "0"}));
    end_of(c);
    BOOST_TEST(c.pidfd().fd == -1);
    const auto r = c.send_signal(SIGKILL);
    BOOST_TEST((r.error().code() == boost::system::errc::no_such_process));
    BOOST_TEST(r.error().context().find("send SIGKILL to child") == 0u);
}

BOOST_AUTO_TEST_CASE(a_kernel_without_pidfd_signals_is_no_obstacle) {
    for (const int refusal : {ENOSYS, EPERM}) {
        auto c = start(helper({"ready"}));
        const fault filtered(sys::call::pidfd_send_signal, refusal);
        BOOST_TEST(c.send_signal(SIGUSR1).has_value());
        BOOST_TEST(filtered.seen() == 1);
        BOOST_TEST(end_of(c) == exit_status::signalled(SIGUSR1));
        BOOST_TEST((c.send_signal(SIGUSR1).error().code() == boost::system::errc::no_such_process));
    }
}

BOOST_AUTO_TEST_CASE(signals_that_do_not_exist_are_refused) {
    auto c = start(helper({"ready"}));
    BOOST_TEST((c.send_signal(-1).error().code() == errc::unknown_signal));
    BOOST_TEST((c.send_signal(1000).error().code() == errc::unknown_signal));
    BOOST_TEST(c.send_signal(0).has_value());
    c.set_stop_policy(stop_policy::kill());
}

BOOST_AUTO_TEST_CASE(an_empty_handle_answers_with_errors) {
    child none;
    BOOST_TEST(!none);
    BOOST_TEST(none.pid() == 0);
    BOOST_TEST(none.pidfd().fd == -1);
    BOOST_TEST(!none.try_wait().has_value());
    BOOST_TEST((none.send_signal(SIGTERM).error().code() == errc::no_child));
    BOOST_CHECK_THROW(none.out(), boost::system::system_error);
    run_task(io, [](child& c) -> task<> {
        auto [ec, s] = co_await c.async_wait(asio::as_tuple(asio::use_awaitable));
        BOOST_TEST((ec == errc::no_child));
        auto [stop_ec, stopped] = co_await c.async_stop(stop_policy{}, asio::as_tuple(asio::use_awaitable));
        BOOST_TEST((stop_ec == errc::no_child));
        BOOST_TEST(!stopped.known());
    }(none));
}

BOOST_AUTO_TEST_CASE(a_stream_that_is_no_pipe_cannot_be_had) {
    auto c = start(helper({"exit", "0"}));
    BOOST_CHECK_THROW(c.in(), boost::system::system_error);
    BOOST_CHECK_THROW(c.out(), boost::system::system_error);
    BOOST_CHECK_THROW(c.err(), boost::system::system_error);
}

BOOST_AUTO_TEST_CASE(a_waiter_outlives_the_handle) {
    exit_status told;
    start(helper({"ready"})).async_wait([&](error_code, exit_status s) { told = s; });
    BOOST_TEST(run_dry(io));
    BOOST_TEST(told == exit_status::signalled(SIGTERM));
}

BOOST_AUTO_TEST_CASE(the_handle_may_go_in_its_own_handler) {
    auto c = std::make_unique<child>(start(helper({"exit", "1"})));
    int told = 0;
    c->async_wait([&](error_code ec, exit_status status) {
        c.reset();
        ++told;
        BOOST_TEST(!ec);
        BOOST_TEST(status == exit_status::exited(1));
    });
    BOOST_TEST(run_dry(io));
    BOOST_TEST(told == 1);
    BOOST_TEST(!c);
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(a_traced_child_does_not_block_the_loop) {
    run_task(io, [](process_fixture&) -> task<> {
        auto victim = co_await start_ready(helper({"ready"}));
        auto tracing = helper({"trace", std::to_string(victim.pid())});
        tracing.in = stdio::pipe();
        tracing.out = stdio::pipe();
        auto tracer = spawn(co_await asio::this_coro::executor, tracing).value();
        const auto said = co_await next_line(tracer);
        if (said != "ready") {
            skip_case("this machine does not let us trace: ", said);
            co_return;
        }
        BOOST_TEST(victim.send_signal(SIGKILL).has_value());
        // Dead, its pidfd readable, and yet not to be reaped: the loop goes on turning, and does not spin.
        auto [ec, s] = co_await with_timeout(victim.async_wait(), 300ms, asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(ec == asio::error::timed_out);
        const fault count(sys::call::waitid, 0);  // fails none
        std::tie(ec, s) = co_await with_timeout(victim.async_wait(), 300ms, asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(ec == asio::error::timed_out);
        BOOST_TEST(count.seen() > 0);
        BOOST_TEST(count.seen() < 60, count.seen());  // one each 50 ms, and some more on a machine that stands still
        tracer.in().close();
        BOOST_TEST(co_await victim.async_wait() == exit_status::signalled(SIGKILL));
        co_await tracer.async_wait();
    }(*this));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
