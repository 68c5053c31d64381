// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A deadline for any asynchronous operation.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/timer.hpp>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace parley {
namespace detail {

inline void abort_to_timeout(error_code& ec) {
    if (ec == asio::error::operation_aborted) ec = asio::error::timed_out;
}

inline void abort_to_timeout(std::exception_ptr& failure) {
    if (!failure) return;
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& e) {
        if (e.code() == asio::error::operation_aborted)
            failure = std::make_exception_ptr(boost::system::system_error(asio::error::timed_out));
    } catch (const asio::multiple_exceptions& e) {  // of coroutines that were awaited together with && or ||
        auto first = e.first_exception();
        abort_to_timeout(first);
        if (first != e.first_exception()) failure = std::move(first);
    } catch (...) {  // any other failure stays what it is
    }
}

// An operation whose handler gets an executor; a parallel group hands out handlers without one.
template <typename Operation, typename Executor>
struct operation_on {
    Operation operation;
    Executor ex;

    template <typename CompletionToken>
    auto operator()(CompletionToken&& token) {
        return std::move(operation)(asio::bind_executor(ex, std::forward<CompletionToken>(token)));
    }
};

template <typename Signature>
struct timeout_initiation;

template <typename Error, typename... Args>
struct timeout_initiation<void(Error, Args...)> {
    static_assert(std::is_same_v<std::decay_t<Error>, error_code> ||
                      std::is_same_v<std::decay_t<Error>, std::exception_ptr>,
                  "with_timeout needs an operation whose first result is an error_code or an exception_ptr");

    template <typename Handler, typename Executor, typename Operation>
    static void start(Handler&& handler, const Executor& ex, Operation&& operation,
                      std::chrono::steady_clock::duration limit) {
        using clock = std::chrono::steady_clock;
        using timer_type = asio::basic_waitable_timer<clock, asio::wait_traits<clock>, Executor>;
        auto timer = std::make_unique<timer_type>(ex, time_after(limit));
        auto& waiting = *timer;
        using bound = operation_on<std::decay_t<Operation>, Executor>;
        asio::experimental::make_parallel_group(bound{std::forward<Operation>(operation), ex},
                                                waiting.async_wait(asio::deferred))
            .async_wait(asio::experimental::wait_for_one(),
                        map_handler(std::forward<Handler>(handler),
                                    [timer = std::move(timer)](auto h, std::array<std::size_t, 2> order,
                                                               std::decay_t<Error> failure, std::decay_t<Args>... args,
                                                               error_code fired) mutable {
                                        timer.reset();
                                        if (order[0] == 1 && !fired) abort_to_timeout(failure);
                                        std::move(h)(std::move(failure), std::move(args)...);
                                    }));
    }

    template <typename Handler, typename Operation>
    void operator()(Handler&& handler, Operation&& operation, std::chrono::steady_clock::duration limit) const {
        const auto ex = asio::get_associated_executor(handler);
        static_assert(
            !std::is_same_v<std::remove_cvref_t<decltype(ex)>, asio::system_executor>,
            "with_timeout needs a handler with an executor to run the timer: co_await it, or use bind_executor");
        start(std::forward<Handler>(handler), ex, std::forward<Operation>(operation), limit);
    }
};

}  // namespace detail

/// Runs `operation` for at most `limit`.
///
/// `operation` is a deferred operation (any `async_` function called without a token or with `asio::deferred`): a token
/// such as `as_tuple` goes to `with_timeout`, not to the operation, where it would see `operation_aborted`. When
/// `limit` passes first, the operation is cancelled, its end is awaited, and `asio::error::timed_out` is reported in
/// the place of `operation_aborted`. An operation that completes in spite of the cancellation keeps its result: nothing
/// is lost.
///
/// Completion: the operation's own signature. Cancellation: passed on to the operation, all types; reported as the
/// operation reports it. Executor: the handler's associated one, which also runs the timer and must be the one the
/// operation's object lives on: in a coroutine it is, a plain callback or `use_future` needs `bind_executor`. A limit
/// of zero or less still starts the operation and cancels it at once.
template <typename Operation, typename Rep, typename Period, typename CompletionToken = asio::deferred_t>
auto with_timeout(Operation operation, std::chrono::duration<Rep, Period> limit, CompletionToken&& token = {}) {
    using signature = typename asio::completion_signature_of<Operation>::type;
    return asio::async_initiate<CompletionToken, signature>(
        detail::timeout_initiation<signature>{}, token, std::move(operation),
        detail::clamped<std::chrono::steady_clock::duration>(limit));
}

/// The same for a coroutine: `co_await with_timeout(talk_to(peer), 2s)`. The coroutine sees a cancellation (of type
/// terminal) when the time is up; what it throws in answer, if `operation_aborted`, becomes `timed_out`.
template <typename T, typename Rep, typename Period>
task<T> with_timeout(task<T> operation, std::chrono::duration<Rep, Period> limit) {
    const auto ex = co_await asio::this_coro::executor;
    co_return co_await with_timeout(asio::co_spawn(ex, std::move(operation), asio::deferred), limit,
                                    asio::use_awaitable);
}

/// Refused by the compiler, in a sentence: a token is for `co_spawn`, which says where the coroutine runs.
template <typename T, typename Rep, typename Period, typename CompletionToken>
task<T> with_timeout(task<T>, std::chrono::duration<Rep, Period>, CompletionToken&&) {
    static_assert(sizeof(CompletionToken) == 0,
                  "with_timeout of a coroutine takes no token: co_await it without one, or start it by "
                  "co_spawn(executor, with_timeout(coroutine, limit), token)");
    return {};
}

}  // namespace parley
