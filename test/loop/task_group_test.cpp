// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/task_group.hpp>

#include <parley/core/timeout.hpp>

#include "group_tasks.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
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

BOOST_AUTO_TEST_SUITE(task_group_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

static_assert(!std::is_constructible_v<task_group, executor>, "a group exists inside with_task_group only");
static_assert(!std::is_copy_constructible_v<task_group> && !std::is_move_constructible_v<task_group>);
static_assert(!std::is_destructible_v<task_group>);

BOOST_FIXTURE_TEST_SUITE(task_group_suite, group_fixture)

BOOST_AUTO_TEST_CASE(the_body_gives_its_value) {
    const int value = run_task(io, with_task_group([](task_group&) -> task<int> { co_return 5; }));
    BOOST_TEST(value == 5);
    const auto text = run_task(io, with_task_group([](task_group&) -> task<std::unique_ptr<int>> {
                                   co_await asio::post(asio::use_awaitable);
                                   co_return std::make_unique<int>(6);
                               }));
    BOOST_TEST(*text == 6);
}

BOOST_AUTO_TEST_CASE(tasks_that_run_when_the_body_ends_are_waited_for) {
    run_task(io, with_task_group([&](task_group& group) -> task<> {
                 for (int i = 0; i < 100; ++i) group.spawn(work(t, i % 5));
                 co_return;
             }));
    BOOST_TEST(t.started == 100);
    BOOST_TEST(t.ended == 100);
}

BOOST_AUTO_TEST_CASE(join_waits_until_no_task_is_left) {
    run_task(io, with_task_group([&](task_group& group) -> task<> {
                 co_await group.async_join();  // none yet
                 for (int i = 0; i < 10; ++i) group.spawn(work(t, i));
                 BOOST_TEST(group.size() > 0u);
                 co_await group.async_join();
                 BOOST_TEST(group.size() == 0u);
                 BOOST_TEST(t.ended == 10);
                 group.spawn(work(t));  // and again
                 co_await group.async_join();
                 BOOST_TEST(t.ended == 11);
             }));
}

BOOST_AUTO_TEST_CASE(a_task_may_spawn_its_siblings) {
    run_task(io, with_task_group([&](task_group& group) -> task<> {
                 const auto parent = [](task_group& g, trace& seen) -> task<> {
                     co_await asio::post(asio::use_awaitable);
                     for (int i = 0; i < 3; ++i) g.spawn(work(seen));
                 };
                 group.spawn(parent(group, t));
                 co_await group.async_join();
                 BOOST_TEST(t.ended == 3);
             }));
}

BOOST_AUTO_TEST_CASE(cancel_ends_the_tasks_and_not_the_body) {
    run_task(io, with_task_group([&](task_group& group) -> task<> {
                 for (int i = 0; i < 10; ++i) group.spawn(wait_for_ever(t));
                 co_await asio::post(asio::use_awaitable);
                 BOOST_TEST(!group.cancelled());
                 group.cancel();
                 group.cancel();
                 BOOST_TEST(group.cancelled());
                 co_await group.async_join();
                 BOOST_TEST(t.aborted == 10);
                 co_await asio::post(asio::use_awaitable);
             }));
}

BOOST_AUTO_TEST_CASE(a_task_may_cancel_its_group) {
    run_task(io, with_task_group([&](task_group& group) -> task<> {
                 group.spawn(wait_for_ever(t));
                 const auto canceller = [](task_group& g) -> task<> {
                     co_await asio::post(asio::use_awaitable);
                     g.cancel();
                 };
                 group.spawn(canceller(group));
                 co_await group.async_join();
             }));
    BOOST_TEST(t.aborted == 1);
}

BOOST_AUTO_TEST_CASE(a_task_spawned_into_a_cancelled_group_ends_at_its_first_wait) {
    run_task(io, with_task_group([&](task_group& group) -> task<> {
                 group.cancel();
                 for (int i = 0; i < 3; ++i) group.spawn(wait_for_ever(t));
                 co_await group.async_join();
             }));
    BOOST_TEST(t.ended == t.started);
    BOOST_TEST(t.aborted == t.started);
}

BOOST_AUTO_TEST_CASE(a_cancellation_between_two_waits_is_kept) {
    run_task(io, with_task_group([&](task_group& group) -> task<> {
                 const auto busy = [](task_group& g, trace& seen) -> task<> {
                     co_await asio::post(asio::use_awaitable);
                     g.cancel();  // while nothing of this task is pending
                     co_await wait_for_ever(seen);
                 };
                 group.spawn(busy(group, t));
                 co_await group.async_join();
             }));
    BOOST_TEST(t.started == 0);
}

BOOST_AUTO_TEST_CASE(giving_up_a_join_leaves_the_tasks_alone) {
    run_task(io, with_task_group([&](task_group& group) -> task<> {
                 group.spawn(wait_for_ever(t));
                 std::optional<error_code> given_up;
                 try {
                     co_await with_timeout(group.async_join(), 1ms);
                 } catch (const boost::system::system_error& e) {
                     given_up = e.code();
                 }
                 BOOST_TEST((given_up == asio::error::timed_out));
                 BOOST_TEST(t.ended == 0);
                 BOOST_TEST(group.size() == 1u);
                 group.cancel();
             }));
    BOOST_TEST(t.aborted == 1);
}

BOOST_AUTO_TEST_CASE(several_may_join_at_once) {
    using namespace asio::experimental::awaitable_operators;
    run_task(io, with_task_group([&](task_group& group) -> task<> {
                 group.spawn(work(t, 3));
                 co_await (group.async_join(asio::use_awaitable) && group.async_join(asio::use_awaitable));
                 BOOST_TEST(t.ended == 1);
             }));
}

BOOST_AUTO_TEST_CASE(groups_may_be_nested) {
    const auto inner = [&](task_group& group) -> task<> {
        group.spawn(wait_for_ever(t));
        group.spawn(fail("inner"));
        co_await group.async_join();
    };
    const auto outer = [&](task_group& group) -> task<> {
        group.spawn(wait_for_ever(t));
        group.spawn(with_task_group(inner));
        co_await group.async_join();
    };
    BOOST_TEST(thrown_by(io, with_task_group(outer)) == "inner");
    BOOST_TEST(t.aborted == 2);
}

BOOST_AUTO_TEST_CASE(a_limit_in_time_covers_a_whole_group) {
    const auto limited = [&]() -> task<> {
        co_await with_timeout(with_task_group([&](task_group& group) -> task<> {
                                  group.spawn(wait_for_ever(t));
                                  co_await group.async_join();
                              }),
                              1ms);
    };
    BOOST_CHECK_EXCEPTION(run_task(io, limited()), boost::system::system_error,
                          [](const auto& e) { return e.code() == asio::error::timed_out; });
    BOOST_TEST(t.aborted == 1);
}

BOOST_AUTO_TEST_CASE(a_group_runs_on_any_executor) {
    asio::thread_pool pool(2);
    auto strand = asio::make_strand(pool);
    int inside = 0;
    auto done = asio::co_spawn(strand, with_task_group([&](task_group& group) -> task<> {
                                   const auto check = [](auto& s, int& count) -> task<> {
                                       co_await asio::post(asio::use_awaitable);
                                       if (s.running_in_this_thread()) ++count;
                                   };
                                   for (int i = 0; i < 50; ++i) group.spawn(check(strand, inside));
                                   co_await group.async_join();
                               }),
                               asio::use_future);
    done.get();
    pool.join();
    BOOST_TEST(inside == 50);
}

BOOST_AUTO_TEST_CASE(the_context_may_be_destroyed_in_the_middle) {
    const auto alive = std::make_shared<int>(0);
    {
        asio::io_context own;
        asio::co_spawn(own, with_task_group([&t = t, alive](task_group& group) -> task<> {
                           struct last_word {
                               task_group& group;
                               ~last_word() { BOOST_TEST(group.size() <= 3u); }
                           } still{group};
                           for (int i = 0; i < 3; ++i) group.spawn(wait_for_ever(t));
                           co_await group.async_join();
                       }),
                       [alive](std::exception_ptr) { BOOST_ERROR("ran"); });
        run_ready(own);
        BOOST_TEST(t.started == 3);
    }
    BOOST_TEST(alive.use_count() == 1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
