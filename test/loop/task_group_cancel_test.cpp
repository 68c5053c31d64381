// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How groups end early: a failure, a cancellation.

#include <parley/loop/task_group.hpp>

#include <parley/core/timeout.hpp>

#include "group_tasks.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(task_group_cancel_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(task_group_cancel_suite, group_fixture)

BOOST_AUTO_TEST_CASE(the_first_failure_cancels_the_others_and_the_body_and_goes_on) {
    const auto body = [&](task_group& group) -> task<> {
        group.spawn(wait_for_ever(t));
        group.spawn(fail("first", 2));
        group.spawn(wait_for_ever(t));
        co_await wait_for_ever(t);  // not even a join
    };
    BOOST_TEST(thrown_by(io, with_task_group(body)) == "first");
    BOOST_TEST(t.aborted == 3);
}

BOOST_AUTO_TEST_CASE(join_rethrows_the_first_failure_when_all_have_ended) {
    const auto body = [&](task_group& group) -> task<> {
        group.spawn(end_slowly(t));
        group.spawn(fail("first", 2));
        std::string seen;
        try {
            co_await group.async_join();
        } catch (const std::runtime_error& e) {
            seen = e.what();
        }
        BOOST_TEST(seen == "first");
        BOOST_TEST(group.size() == 0u);
        BOOST_TEST(t.ended == 1);
    };
    BOOST_TEST(thrown_by(io, with_task_group(body)) == "");  // the body has dealt with it
}

BOOST_AUTO_TEST_CASE(of_several_failures_the_first_wins) {
    const auto body = [&](task_group& group) -> task<> {
        group.spawn(fail("second", 3));
        group.spawn(fail("first", 1));
        group.spawn(fail("third", 5));
        co_await group.async_join();
    };
    BOOST_TEST(thrown_by(io, with_task_group(body)) == "first");
}

BOOST_AUTO_TEST_CASE(a_failure_in_answer_to_the_cancellation_does_not_hide_the_first) {
    const auto stubborn = []() -> task<> {
        try {
            trace ignored;
            co_await wait_for_ever(ignored);
        } catch (const boost::system::system_error&) {}
        throw std::runtime_error("second");
    };
    const auto body = [&](task_group& group) -> task<> {
        group.spawn(stubborn());
        group.spawn(fail("first"));
        co_await group.async_join();
    };
    BOOST_TEST(thrown_by(io, with_task_group(body)) == "first");
}

BOOST_AUTO_TEST_CASE(an_operation_aborted_that_nobody_asked_for_is_a_failure) {
    const auto body = [&](task_group& group) -> task<> {
        const auto closed = []() -> task<> {
            co_await asio::post(asio::use_awaitable);
            throw boost::system::system_error(asio::error::operation_aborted);
        };
        group.spawn(wait_for_ever(t));
        group.spawn(closed());
        co_await group.async_join();
    };
    BOOST_TEST(thrown_by(io, with_task_group(body)) == "operation_aborted");
    BOOST_TEST(t.aborted == 1);
}

BOOST_AUTO_TEST_CASE(a_task_that_fails_at_once_is_a_failure_too) {
    const auto body = [&](task_group& group) -> task<> {
        group.spawn(fail("at once", 0));
        BOOST_TEST(group.size() == 1u);  // not from within spawn
        co_await group.async_join();
    };
    BOOST_TEST(thrown_by(io, with_task_group(body)) == "at once");
}

BOOST_AUTO_TEST_CASE(when_the_body_throws_the_tasks_are_cancelled_and_waited_for) {
    const auto body = [&](task_group& group) -> task<> {
        group.spawn(wait_for_ever(t));
        group.spawn(end_slowly(t));
        co_await asio::post(asio::use_awaitable);
        throw std::runtime_error("of the body");
    };
    BOOST_TEST(thrown_by(io, with_task_group(body)) == "of the body");
    BOOST_TEST(t.ended == 2);
}

BOOST_AUTO_TEST_CASE(a_cancellation_from_outside_ends_body_and_tasks_and_waits_for_all) {
    asio::cancellation_signal cancel;
    std::exception_ptr seen;
    bool ended = false;
    asio::co_spawn(io, with_task_group([&](task_group& group) -> task<> {
                       group.spawn(wait_for_ever(t));
                       group.spawn(end_slowly(t));
                       co_await wait_for_ever(t);
                   }),
                   asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr e) {
                       BOOST_TEST(t.ended == 3);
                       seen = e, ended = true;
                   }));
    run_ready(io);
    BOOST_TEST(t.started == 3);
    cancel.emit(asio::cancellation_type::terminal);
    run_until(io, [&] { return ended; });
    BOOST_TEST_REQUIRE(static_cast<bool>(seen));
    BOOST_CHECK_EXCEPTION(std::rethrow_exception(seen), boost::system::system_error,
                          [](const auto& e) { return e.code() == asio::error::operation_aborted; });
}

BOOST_AUTO_TEST_CASE(a_cancellation_from_outside_counts_when_the_body_has_ended_before) {
    asio::cancellation_signal cancel;
    std::exception_ptr seen;
    asio::co_spawn(io, with_task_group([&](task_group& group) -> task<int> {
                       group.spawn(wait_for_ever(t));
                       co_return 1;
                   }),
                   asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr e, int) { seen = e; }));
    run_ready(io);
    cancel.emit(asio::cancellation_type::terminal);
    run_ready(io);
    BOOST_TEST(t.aborted == 1);
    BOOST_TEST(static_cast<bool>(seen));
}

// Joins after its group was cancelled from outside; what it does then is its last duty.
void join_with_cancellation_disabled(asio::io_context& io, trace& t, bool before_the_cancellation) {
    asio::cancellation_signal cancel;
    std::exception_ptr seen;
    bool joined = false, ended = false;
    asio::co_spawn(io, with_task_group([&](task_group& group) -> task<void> {
                       group.spawn(end_slowly(t));
                       group.spawn(wait_for_ever(t));
                       if (!before_the_cancellation) {
                           try {
                               co_await wait_for_ever(t);
                           } catch (const boost::system::system_error&) {}
                       }
                       co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
                       co_await group.async_join();
                       BOOST_TEST(group.size() == 0u);
                       co_await parley::test::pause();
                       co_await group.async_join();  // again, with nothing to wait for
                       joined = true;
                   }),
                   asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr e) { seen = e, ended = true; }));
    run_ready(io);
    cancel.emit(asio::cancellation_type::terminal);
    run_until(io, [&] { return ended; });
    BOOST_TEST(joined);
    BOOST_TEST(static_cast<bool>(seen));  // the caller was cancelled all the same
}

BOOST_AUTO_TEST_CASE(a_body_that_has_disabled_cancellation_joins_after_a_cancel_and_goes_on) {
    join_with_cancellation_disabled(io, t, true);
    join_with_cancellation_disabled(io, t, false);
}

BOOST_AUTO_TEST_CASE(a_join_that_has_no_cancellation_is_no_failure_after_a_cancel) {
    asio::cancellation_signal cancel;
    bool joined = false;
    asio::co_spawn(io, with_task_group([&](task_group& group) -> task<void> {
                       group.spawn(end_slowly(t));
                       group.async_join([&](std::exception_ptr e) { joined = !e; });
                       co_await wait_for_ever(t);
                   }),
                   asio::bind_cancellation_slot(cancel.slot(), asio::detached));
    run_ready(io);
    cancel.emit(asio::cancellation_type::terminal);
    run_until(io, [&] { return joined; });
}

BOOST_AUTO_TEST_CASE(a_coroutine_that_is_cancelled_already_opens_no_group) {
    bool opened = false;
    const auto outer = [&]() -> task<> {
        co_await with_task_group([&](task_group&) -> task<> {
            opened = true;
            co_return;
        });
    };
    const auto body = [&](task_group& group) -> task<> {
        group.cancel();
        const auto late = [](auto inner) -> task<> {
            co_await asio::this_coro::throw_if_cancelled(false);
            co_await asio::post(asio::use_awaitable);
            co_await asio::this_coro::throw_if_cancelled(true);
            co_await inner();
        };
        group.spawn(late(outer));
        co_await group.async_join();
    };
    run_task(io, with_task_group(body));
    BOOST_TEST(!opened);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
