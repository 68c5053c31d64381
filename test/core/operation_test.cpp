// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "core/operation.hpp"

#include "run_task.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(operation_test)

using namespace parley;
using namespace parley::test;

struct fixture {
    asio::io_context io;
    asio::steady_timer never{io, std::chrono::hours(1)};
    error_code seen = asio::error::in_progress;
    int value = -1;

    auto handler() {
        return [this](error_code ec, int v) { seen = ec, value = v; };
    }
};

task<int> give(int value) { co_return value; }

template <typename Exception>
task<int> fail_with(Exception e) {
    throw e;
    co_return 0;
}

task<int> wait_for(asio::steady_timer& timer) {
    co_await timer.async_wait(asio::use_awaitable);
    co_return 1;
}

BOOST_FIXTURE_TEST_SUITE(run_operation_suite, fixture)

BOOST_AUTO_TEST_CASE(the_value_of_the_body_is_the_result_and_comes_later) {
    run_operation<int>(io.get_executor(), handler(), give(5));
    BOOST_TEST(value == -1);
    io.run();
    BOOST_TEST(!seen);
    BOOST_TEST(value == 5);
}

BOOST_AUTO_TEST_CASE(an_error_of_the_body_is_the_error) {
    run_operation<int>(io.get_executor(), handler(), fail_with(boost::system::system_error(asio::error::eof)));
    io.run();
    BOOST_TEST(seen == asio::error::eof);
    BOOST_TEST(value == 0);
}

BOOST_AUTO_TEST_CASE(a_lack_of_memory_is_an_error) {
    run_operation<int>(io.get_executor(), handler(), fail_with(std::bad_alloc()));
    io.run();
    BOOST_TEST(seen == boost::system::errc::not_enough_memory);
}

BOOST_AUTO_TEST_CASE(any_other_exception_leaves_run) {
    run_operation<int>(io.get_executor(), handler(), fail_with(std::runtime_error("a bug")));
    BOOST_CHECK_THROW(io.run(), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_body_without_a_value_has_only_an_error) {
    run_operation(
        io.get_executor(), [this](error_code ec) { seen = ec; }, []() -> task<void> { co_return; }());
    io.run();
    BOOST_TEST(!seen);
}

BOOST_AUTO_TEST_CASE(every_type_of_cancellation_reaches_what_the_body_awaits) {
    for (const auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        seen = {};
        asio::cancellation_signal cancel;
        run_operation<int>(io.get_executor(), asio::bind_cancellation_slot(cancel.slot(), handler()), wait_for(never));
        run_ready(io);
        cancel.emit(type);
        run_ready(io);
        BOOST_TEST(seen == asio::error::operation_aborted);
    }
}

BOOST_AUTO_TEST_CASE(the_handler_runs_on_its_own_executor) {
    asio::io_context other;
    run_operation<int>(io.get_executor(), asio::bind_executor(other.get_executor(), handler()), give(5));
    io.run();
    BOOST_TEST(value == -1);
    other.run();
    BOOST_TEST(value == 5);
}

BOOST_AUTO_TEST_CASE(a_body_is_destroyed_with_the_context) {
    const auto alive = std::make_shared<int>(0);
    {
        asio::io_context own;
        auto timer = std::make_shared<asio::steady_timer>(own, std::chrono::hours(1));
        const auto body = [](std::shared_ptr<asio::steady_timer> t, std::shared_ptr<int>) -> task<int> {
            co_return co_await wait_for(*t);
        };
        run_operation<int>(
            own.get_executor(), [alive](error_code, int) { BOOST_ERROR("ran"); }, body(timer, alive));
        run_ready(own);
    }
    BOOST_TEST(alive.use_count() == 1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(post_completion_suite, fixture)

BOOST_AUTO_TEST_CASE(the_handler_runs_later_with_its_results) {
    post_completion(io.get_executor(), handler(), error_code(asio::error::eof), 3);
    BOOST_TEST(value == -1);
    io.run();
    BOOST_TEST(seen == asio::error::eof);
    BOOST_TEST(value == 3);
}

BOOST_AUTO_TEST_CASE(the_handlers_executor_counts) {
    asio::io_context other;
    post_completion(io.get_executor(), asio::bind_executor(other.get_executor(), handler()), error_code{}, 3);
    io.run();
    BOOST_TEST(value == -1);
    other.run();
    BOOST_TEST(value == 3);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(event_suite, fixture)

struct waiter {
    std::optional<error_code> ec;

    template <typename Token>
    void wait(event& e, Token bind) {
        e.async_wait(bind([this](error_code result) { ec = result; }),
                     [](auto h, error_code result) { std::move(h)(result); });
    }
    void wait(event& e) {
        wait(e, [](auto h) { return h; });
    }
};

BOOST_AUTO_TEST_CASE(all_who_wait_are_told) {
    event happened(io.get_executor());
    std::vector<waiter> waiters(10);
    for (auto& w : waiters) w.wait(happened);
    run_ready(io);
    BOOST_TEST(!waiters[0].ec);
    BOOST_TEST(!happened.is_set());
    happened.set();
    BOOST_TEST(!waiters[0].ec);  // later, not from within
    run_ready(io);
    for (auto& w : waiters) BOOST_TEST((w.ec && !*w.ec));
}

BOOST_AUTO_TEST_CASE(who_comes_later_is_told_too) {
    event happened(io.get_executor());
    happened.set();
    happened.set();
    BOOST_TEST(happened.is_set());
    waiter late;
    late.wait(happened);
    BOOST_TEST(!late.ec);
    run_ready(io);
    BOOST_TEST((late.ec && !*late.ec));
}

BOOST_AUTO_TEST_CASE(cancel_ends_the_waits_there_are_and_no_others) {
    event happened(io.get_executor());
    waiter early, late;
    early.wait(happened);
    happened.cancel();
    late.wait(happened);
    run_ready(io);
    BOOST_TEST((early.ec == asio::error::operation_aborted));
    BOOST_TEST(!late.ec);
    happened.set();
    run_ready(io);
    BOOST_TEST((late.ec && !*late.ec));
}

BOOST_AUTO_TEST_CASE(a_slot_cancels_one_wait) {
    event happened(io.get_executor());
    asio::cancellation_signal cancel;
    waiter one, other;
    one.wait(happened, [&](auto h) { return asio::bind_cancellation_slot(cancel.slot(), std::move(h)); });
    other.wait(happened);
    cancel.emit(asio::cancellation_type::total);
    run_ready(io);
    BOOST_TEST((one.ec == asio::error::operation_aborted));
    BOOST_TEST(!other.ec);
}

BOOST_AUTO_TEST_CASE(an_event_that_ends_before_it_happened_aborts_the_waits) {
    auto happened = std::make_unique<event>(io.get_executor());
    waiter w;
    w.wait(*happened);
    happened.reset();
    run_ready(io);
    BOOST_TEST((w.ec == asio::error::operation_aborted));
}

BOOST_AUTO_TEST_CASE(an_event_may_end_once_it_has_happened) {
    auto happened = std::make_unique<event>(io.get_executor());
    waiter w;
    w.wait(*happened);
    happened->set();
    happened.reset();
    run_ready(io);
    BOOST_TEST((w.ec && !*w.ec));
}

BOOST_AUTO_TEST_CASE(a_wait_is_work_and_is_destroyed_with_the_context) {
    const auto alive = std::make_shared<int>(0);
    {
        asio::io_context own;
        auto happened = std::make_shared<event>(own.get_executor());
        happened->async_wait([happened, alive](error_code) { BOOST_ERROR("ran"); },
                             [](auto h, error_code ec) { std::move(h)(ec); });
        BOOST_TEST(own.poll() == 0u);
        BOOST_TEST(!own.stopped());
    }
    BOOST_TEST(alive.use_count() == 1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
