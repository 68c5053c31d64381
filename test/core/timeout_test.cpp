// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/core/timeout.hpp>

#include "core/operation.hpp"
#include "run_task.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <exception>
#include <future>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

BOOST_AUTO_TEST_SUITE(timeout_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

constexpr auto never = std::chrono::hours(1);

struct fixture {
    asio::io_context io;
    asio::steady_timer slow{io, never};
    asio::steady_timer quick{io, 0s};
};

error_code code_thrown_by(asio::io_context& io, task<> body) {
    try {
        run_task(io, std::move(body));
    } catch (const boost::system::system_error& e) {
        return e.code();
    }
    return {};
}

BOOST_FIXTURE_TEST_SUITE(timeout_suite, fixture)

BOOST_AUTO_TEST_CASE(an_operation_in_time_keeps_its_result) {
    error_code seen = asio::error::eof;
    with_timeout(quick.async_wait(asio::deferred), never, asio::bind_executor(io, [&](error_code ec) { seen = ec; }));
    io.run();  // ends at once: the timer is gone with the operation
    BOOST_TEST(!seen);
}

BOOST_AUTO_TEST_CASE(an_operation_that_takes_too_long_is_timed_out) {
    error_code seen;
    with_timeout(slow.async_wait(asio::deferred), 1ms, asio::bind_executor(io, [&](error_code ec) { seen = ec; }));
    io.run();
    BOOST_TEST(seen == asio::error::timed_out);
}

BOOST_AUTO_TEST_CASE(a_limit_of_zero_or_less_still_starts_and_cancels_at_once) {
    for (const auto limit : {0ms, -5ms}) {
        error_code seen;
        with_timeout(slow.async_wait(asio::deferred), limit,
                     asio::bind_executor(io, [&](error_code ec) { seen = ec; }));
        io.restart();
        io.run();
        BOOST_TEST(seen == asio::error::timed_out);
    }
}

BOOST_AUTO_TEST_CASE(a_coroutine_awaits_it) {
    run_task(io, [](asio::steady_timer& late, asio::steady_timer& soon) -> task<> {
        co_await with_timeout(soon.async_wait(asio::deferred), never);
        const auto [ec] =
            co_await with_timeout(late.async_wait(asio::deferred), 1ms, asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(ec == asio::error::timed_out);
    }(slow, quick));
}

BOOST_AUTO_TEST_CASE(a_future_waits_for_it) {
    std::future<void> done =
        with_timeout(slow.async_wait(asio::deferred), 1ms, asio::bind_executor(io, asio::use_future));
    io.run();
    BOOST_CHECK_THROW(done.get(), boost::system::system_error);
}

// An operation that answers a cancellation with a result.
template <typename CompletionToken>
auto async_stubborn(asio::steady_timer& timer, CompletionToken&& token) {
    return async_start<void(error_code, int)>(
        std::forward<CompletionToken>(token), [&timer](completion_handler<void(error_code, int)> h) {
            timer.async_wait(parley::detail::map_handler(
                std::move(h), [](auto handler, error_code) { std::move(handler)(error_code{}, 5); }));
        });
}

BOOST_AUTO_TEST_CASE(a_result_that_comes_in_spite_of_the_cancellation_is_not_lost) {
    error_code seen = asio::error::eof;
    int result = 0;
    with_timeout(async_stubborn(slow, asio::deferred), 1ms,
                 asio::bind_executor(io, [&](error_code ec, int value) { seen = ec, result = value; }));
    io.run();
    BOOST_TEST(!seen);
    BOOST_TEST(result == 5);
}

BOOST_AUTO_TEST_CASE(a_cancellation_from_outside_is_no_time_out) {
    for (const auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        asio::cancellation_signal cancel;
        error_code seen;
        with_timeout(
            slow.async_wait(asio::deferred), never,
            asio::bind_cancellation_slot(cancel.slot(), asio::bind_executor(io, [&](error_code ec) { seen = ec; })));
        run_ready(io);
        cancel.emit(type);
        run_ready(io);
        BOOST_TEST(seen == asio::error::operation_aborted);
    }
}

BOOST_AUTO_TEST_CASE(an_error_of_the_operation_stays_what_it_is) {
    const auto failing = [this](auto token) {
        return async_start<void(error_code)>(std::move(token), [this](completion_handler<void(error_code)> h) {
            post_completion(io.get_executor(), std::move(h), error_code(asio::error::connection_refused));
        });
    };
    error_code seen;
    with_timeout(failing(asio::deferred), never, asio::bind_executor(io, [&](error_code ec) { seen = ec; }));
    io.run();
    BOOST_TEST(seen == asio::error::connection_refused);
}

BOOST_AUTO_TEST_CASE(limits_may_be_nested) {
    error_code inner, outer;
    with_timeout(with_timeout(slow.async_wait(asio::deferred), 1ms), never,
                 asio::bind_executor(io, [&](error_code ec) { inner = ec; }));
    with_timeout(with_timeout(slow.async_wait(asio::deferred), never), 1ms,
                 asio::bind_executor(io, [&](error_code ec) { outer = ec; }));
    io.run();
    BOOST_TEST(inner == asio::error::timed_out);
    BOOST_TEST(outer == asio::error::timed_out);
}

task<int> wait_then_give(asio::steady_timer& timer, int value) {
    co_await timer.async_wait(asio::use_awaitable);
    co_return value;
}

BOOST_AUTO_TEST_CASE(a_coroutine_in_time_gives_its_value) {
    BOOST_TEST(run_task(io, with_timeout(wait_then_give(quick, 9), never)) == 9);
}

BOOST_AUTO_TEST_CASE(a_coroutine_that_takes_too_long_is_timed_out) {
    BOOST_CHECK_EXCEPTION(static_cast<void>(run_task(io, with_timeout(wait_then_give(slow, 9), 1ms))),
                          boost::system::system_error,
                          [](const auto& e) { return e.code() == asio::error::timed_out; });
}

BOOST_AUTO_TEST_CASE(the_end_of_the_coroutine_is_awaited) {
    bool ended = false;
    const auto cleanup = [](asio::steady_timer& timer, bool& flag) -> task<> {
        try {
            co_await timer.async_wait(asio::use_awaitable);
        } catch (...) {
            flag = true;
            throw;
        }
    };
    const auto ec = code_thrown_by(io, with_timeout(cleanup(slow, ended), 1ms));
    BOOST_TEST(ended);
    BOOST_TEST(ec == asio::error::timed_out);
}

BOOST_AUTO_TEST_CASE(what_else_a_coroutine_throws_passes) {
    const auto failing = []() -> task<> {
        throw std::runtime_error("mine");
        co_return;
    };
    BOOST_CHECK_EXCEPTION(run_task(io, with_timeout(failing(), never)), std::runtime_error,
                          [](const auto& e) { return std::string(e.what()) == "mine"; });
}

BOOST_AUTO_TEST_CASE(a_cancellation_from_outside_reaches_the_coroutine) {
    asio::cancellation_signal cancel;
    std::exception_ptr seen;
    asio::co_spawn(io, with_timeout(wait_then_give(slow, 1), never),
                   asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr e, int) { seen = e; }));
    run_ready(io);
    cancel.emit(asio::cancellation_type::terminal);
    run_ready(io);
    BOOST_TEST_REQUIRE(static_cast<bool>(seen));
    BOOST_CHECK_EXCEPTION(std::rethrow_exception(seen), boost::system::system_error,
                          [](const auto& e) { return e.code() == asio::error::operation_aborted; });
}

BOOST_AUTO_TEST_CASE(the_context_may_be_destroyed_with_a_limit_running) {
    asio::io_context own;
    auto timer = std::make_shared<asio::steady_timer>(own, never);
    with_timeout(timer->async_wait(asio::deferred), never,
                 asio::bind_executor(own, [timer](error_code) { BOOST_ERROR("ran"); }));
    asio::co_spawn(own, with_timeout(wait_then_give(*timer, 1), never),
                   [](std::exception_ptr, int) { BOOST_ERROR("ran"); });
    run_ready(own);
}

template <typename Duration>
void does_not_run_out(asio::io_context& io, Duration limit) {
    asio::steady_timer soon(io, 5ms);
    error_code ec = asio::error::eof;
    with_timeout(soon.async_wait(asio::deferred), limit, asio::bind_executor(io, [&](error_code e) { ec = e; }));
    run_ready(io);
    BOOST_TEST(ec == asio::error::eof);  // not at once
    run_until(io, [&] { return ec != asio::error::eof; });
    BOOST_TEST(!ec);
    const auto sleeper = [](asio::io_context& on) -> task<> {
        asio::steady_timer later(on, 5ms);
        co_await later.async_wait(asio::use_awaitable);
    };
    BOOST_TEST(!code_thrown_by(io, with_timeout(sleeper(io), limit)));
}

BOOST_AUTO_TEST_CASE(the_longest_limit_is_none) {
    does_not_run_out(io, std::chrono::nanoseconds::max());
    does_not_run_out(io, std::chrono::nanoseconds::max() - 1h);
    does_not_run_out(io, std::chrono::microseconds::max());
    does_not_run_out(io, std::chrono::milliseconds::max());
    does_not_run_out(io, std::chrono::seconds::max());
    does_not_run_out(io, std::chrono::hours::max());
    does_not_run_out(io, std::chrono::years(300));
    does_not_run_out(io, std::chrono::duration<double>(1e300));
    does_not_run_out(io, std::chrono::duration<float, std::micro>(std::numeric_limits<float>::infinity()));
}

BOOST_AUTO_TEST_CASE(no_time_and_less_pass_at_once) {
    const auto times_out = [&](auto limit) {
        error_code ec;
        with_timeout(slow.async_wait(asio::deferred), limit, asio::bind_executor(io, [&](error_code e) { ec = e; }));
        run_until(io, [&] { return static_cast<bool>(ec); });
        return ec == asio::error::timed_out;
    };
    BOOST_TEST(times_out(0s));
    BOOST_TEST(times_out(-1ns));
    BOOST_TEST(times_out(std::chrono::hours::min()));
    BOOST_TEST(times_out(std::chrono::duration<double>(-1e300)));
}

BOOST_AUTO_TEST_CASE(coroutines_that_are_awaited_together_time_out_as_one) {
    run_task(io, [](asio::io_context& on) -> task<> {
        using namespace asio::experimental::awaitable_operators;
        asio::steady_timer one(on, 24h), other(on, 24h);
        const auto both = [](asio::steady_timer& a, asio::steady_timer& b) -> task<> {
            co_await (a.async_wait(asio::use_awaitable) && b.async_wait(asio::use_awaitable));
        };
        error_code ec;
        try {
            co_await with_timeout(both(one, other), 1ms);
        } catch (const boost::system::system_error& e) {
            ec = e.code();
        }
        BOOST_TEST(ec == asio::error::timed_out);
    }(io));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
