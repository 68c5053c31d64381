// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/core/completion.hpp>

#include "core/operation.hpp"
#include "run_task.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

BOOST_AUTO_TEST_SUITE(completion_test)

using namespace parley;
using namespace parley::test;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

// The smallest object with an asynchronous operation: waits until it may answer.
class oracle {
public:
    explicit oracle(const executor& io) : io_(io), may_answer_(io) {}

    void answer() { may_answer_.set(); }

    template <typename CompletionToken = asio::deferred_t>
    auto async_answer(CompletionToken&& token = {}) {
        return async_start<void(error_code, int)>(
            std::forward<CompletionToken>(token), [this](completion_handler<void(error_code, int)> h) {
                may_answer_.async_wait(std::move(h),
                                       [](auto handler, error_code ec) { std::move(handler)(ec, ec ? 0 : 42); });
            });
    }

    // Ready before it began; owns what it gives.
    template <typename CompletionToken = asio::deferred_t>
    auto async_now(error_code ec, CompletionToken&& token = {}) {
        return async_start<void(error_code, std::unique_ptr<int>)>(
            std::forward<CompletionToken>(token),
            [this, ec](completion_handler<void(error_code, std::unique_ptr<int>)> h) {
                post_completion(io_, std::move(h), ec, std::make_unique<int>(7));
            });
    }

private:
    executor io_;
    event may_answer_;
};

struct fixture {
    asio::io_context io;
    oracle source{io.get_executor()};
};

BOOST_FIXTURE_TEST_SUITE(completion_suite, fixture)

BOOST_AUTO_TEST_CASE(a_coroutine_awaits_it_without_a_token) {
    source.answer();
    const int value = run_task(io, [](oracle& o) -> task<int> { co_return co_await o.async_answer(); }(source));
    BOOST_TEST(value == 42);
}

BOOST_AUTO_TEST_CASE(a_coroutine_awaits_it_with_use_awaitable_and_results_move) {
    const int value =
        run_task(io, [](oracle& o) -> task<int> { co_return *co_await o.async_now({}, asio::use_awaitable); }(source));
    BOOST_TEST(value == 7);
}

BOOST_AUTO_TEST_CASE(an_error_leaves_a_co_await_as_an_exception) {
    BOOST_CHECK_EXCEPTION(run_task(io, [](oracle& o) -> task<> { co_await o.async_now(asio::error::eof); }(source)),
                          boost::system::system_error, [](const auto& e) { return e.code() == asio::error::eof; });
}

BOOST_AUTO_TEST_CASE(a_callback_gets_the_results_and_never_before_the_call_returns) {
    bool returned = false, called = false;
    source.async_now({}, [&](error_code ec, std::unique_ptr<int> value) {
        BOOST_TEST(!ec);
        BOOST_TEST(*value == 7);
        BOOST_TEST(returned);
        called = true;
    });
    returned = true;
    io.run();
    BOOST_TEST(called);
}

BOOST_AUTO_TEST_CASE(a_callback_may_be_move_only) {
    auto seen = std::make_unique<int>(0);
    int* place = seen.get();
    std::unique_ptr<int> kept;
    source.async_now({}, [&kept, owned = std::move(seen)](error_code, std::unique_ptr<int> v) mutable {
        *owned = *v;
        kept = std::move(owned);
    });
    io.run();
    BOOST_TEST(*place == 7);
}

BOOST_AUTO_TEST_CASE(a_future_gets_the_result) {
    source.answer();
    std::future<int> value = source.async_answer(asio::use_future);
    io.run();
    BOOST_TEST(value.get() == 42);
}

BOOST_AUTO_TEST_CASE(a_future_gets_the_error) {
    auto value = source.async_now(asio::error::eof, asio::use_future);
    io.run();
    BOOST_CHECK_THROW(value.get(), boost::system::system_error);
}

BOOST_AUTO_TEST_CASE(as_tuple_gives_the_error_as_a_value) {
    run_task(io, [](oracle& o) -> task<> {
        auto [ec, value] = co_await o.async_now(asio::error::eof, asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(ec == asio::error::eof);
        auto [none, again] = co_await o.async_now({}, asio::as_tuple(asio::deferred));
        BOOST_TEST(!none);
        BOOST_TEST(*again == 7);
    }(source));
}

BOOST_AUTO_TEST_CASE(redirect_error_puts_the_error_aside) {
    run_task(io, [](oracle& o) -> task<> {
        error_code ec;
        co_await o.async_now(asio::error::eof, asio::redirect_error(asio::use_awaitable, ec));
        BOOST_TEST(ec == asio::error::eof);
    }(source));
}

BOOST_AUTO_TEST_CASE(detached_ignores_the_results) {
    source.async_now({}, asio::detached);
    BOOST_TEST(io.run() > 0u);
}

BOOST_AUTO_TEST_CASE(a_deferred_operation_begins_when_it_is_launched) {
    auto operation = source.async_now({}, asio::deferred);
    BOOST_TEST(io.poll() == 0u);
    bool called = false;
    std::move(operation)([&](error_code, std::unique_ptr<int>) { called = true; });
    io.restart();
    io.run();
    BOOST_TEST(called);
}

BOOST_AUTO_TEST_CASE(a_handler_bound_to_a_strand_runs_in_it) {
    asio::thread_pool pool(2);
    auto strand = asio::make_strand(pool);
    std::promise<bool> waited, posted;
    source.async_answer(
        asio::bind_executor(strand, [&](error_code, int) { waited.set_value(strand.running_in_this_thread()); }));
    source.async_now(
        {}, asio::bind_executor(strand, [&](error_code, auto) { posted.set_value(strand.running_in_this_thread()); }));
    source.answer();
    io.run();
    BOOST_TEST(waited.get_future().get());
    BOOST_TEST(posted.get_future().get());
    pool.join();
}

BOOST_AUTO_TEST_CASE(a_coroutine_on_a_strand_resumes_in_it) {
    auto strand = asio::make_strand(io);
    bool inside = false;
    asio::co_spawn(
        strand,
        [&]() -> task<> {
            co_await source.async_now({});
            inside = strand.running_in_this_thread();
        },
        asio::detached);
    io.run();
    BOOST_TEST(inside);
}

BOOST_AUTO_TEST_CASE(a_slot_cancels_it) {
    for (const auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        asio::cancellation_signal cancel;
        error_code seen;
        source.async_answer(asio::bind_cancellation_slot(cancel.slot(), [&](error_code ec, int) { seen = ec; }));
        run_ready(io);
        cancel.emit(type);
        run_ready(io);
        BOOST_TEST(seen == asio::error::operation_aborted);
    }
}

BOOST_AUTO_TEST_CASE(awaitable_operators_cancel_the_slower_one) {
    run_task(io, [](oracle& o) -> task<> {
        const auto winner = co_await (o.async_answer(asio::use_awaitable) || o.async_now({}, asio::use_awaitable));
        BOOST_TEST(winner.index() == 1u);
        o.answer();
        const auto [answer, other] =
            co_await (o.async_answer(asio::use_awaitable) && o.async_now({}, asio::use_awaitable));
        BOOST_TEST(answer == 42);
        BOOST_TEST(*other == 7);
    }(source));
}

// Counts what is allocated through it.
template <typename T>
struct counting_allocator {
    using value_type = T;
    std::size_t* count;

    explicit counting_allocator(std::size_t* c) : count(c) {}
    template <typename U>
    counting_allocator(const counting_allocator<U>& other) : count(other.count) {}
    T* allocate(std::size_t n) {
        ++*count;
        return std::allocator<T>().allocate(n);
    }
    void deallocate(T* p, std::size_t n) { std::allocator<T>().deallocate(p, n); }
    friend bool operator==(const counting_allocator&, const counting_allocator&) = default;
};

BOOST_AUTO_TEST_CASE(the_handlers_allocator_is_used) {
    std::size_t allocations = 0;
    source.answer();
    source.async_answer(asio::bind_allocator(counting_allocator<char>(&allocations), [](error_code, int) {}));
    io.run();
    BOOST_TEST(allocations > 0u);
}

BOOST_AUTO_TEST_CASE(a_mapped_handler_keeps_executor_slot_and_allocator) {
    asio::io_context other;
    asio::cancellation_signal cancel;
    std::size_t allocations = 0;
    auto handler = asio::bind_executor(
        other.get_executor(),
        asio::bind_cancellation_slot(cancel.slot(),
                                     asio::bind_allocator(counting_allocator<char>(&allocations), [](int) {})));
    auto mapped = parley::detail::map_handler(std::move(handler), [](auto h, int a, int b) { std::move(h)(a + b); });
    BOOST_CHECK(asio::get_associated_executor(mapped) == other.get_executor());
    BOOST_CHECK(asio::get_associated_executor(mapped, io.get_executor()) == other.get_executor());
    BOOST_CHECK(asio::get_associated_cancellation_slot(mapped) == cancel.slot());
    BOOST_TEST(asio::get_associated_allocator(mapped).count == &allocations);
    auto plain = parley::detail::map_handler([](int) {}, [](auto h, int a) { std::move(h)(a); });
    BOOST_CHECK(asio::get_associated_executor(plain, io.get_executor()) == io.get_executor());
}

BOOST_AUTO_TEST_CASE(a_pending_handler_is_destroyed_with_the_context) {
    const auto alive = std::make_shared<int>(0);
    {
        asio::io_context own;
        auto local = std::make_shared<oracle>(own.get_executor());
        local->async_answer([local, alive](error_code, int) { BOOST_ERROR("ran"); });
        local->async_now({}, [local, alive](error_code, auto) { BOOST_ERROR("ran"); });
    }
    BOOST_TEST(alive.use_count() == 1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
