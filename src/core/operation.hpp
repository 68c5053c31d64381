// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Bodies of asynchronous operations: a coroutine behind a completion handler, and an event to wait for.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <new>
#include <utility>

namespace parley {

/// Invokes `handler` on its executor (or `io`), not from within the caller: how an operation that is done before it
/// began completes.
template <typename Handler, typename... Args>
void post_completion(const executor& io, Handler handler, Args... args) {
    asio::post(io, detail::map_handler(std::move(handler), [... args = std::move(args)](auto h) mutable {
                   std::move(h)(std::move(args)...);
               }));
}

/// Whether a handler with the executor `own` can be called from the operations of an object that runs on `io`. One
/// without an executor of its own runs where the object does.
inline bool runs_on(const executor& io, const executor& own) noexcept {
    return own == io || own.target<asio::system_executor>() != nullptr;
}

/// The error_code for what a body threw. Anything but a system_error or a lack of memory is not a result and goes on.
inline error_code code_of(const std::exception_ptr& failure) {
    if (!failure) return {};
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& e) {
        return e.code();
    } catch (const asio::multiple_exceptions& e) {  // of operations that ran together: what ended them
        return code_of(e.first_exception());
    } catch (const std::bad_alloc&) {
        return make_error_code(boost::system::errc::not_enough_memory);
    }
}

namespace detail {

template <typename T>
task<T> accept_every_cancellation(task<T> body) {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    co_return co_await std::move(body);
}

}  // namespace detail

/// Runs `body` on `io` and completes `handler` with what it returned or threw. A cancellation of any type reaches
/// whatever the body awaits.
template <typename T>
void run_operation(const executor& io, completion_handler<void(error_code, T)> handler, task<T> body) {
    asio::co_spawn(io, detail::accept_every_cancellation(std::move(body)),
                   detail::map_handler(std::move(handler), [](auto h, std::exception_ptr failure, T value) {
                       std::move(h)(code_of(failure), std::move(value));
                   }));
}

inline void run_operation(const executor& io, completion_handler<void(error_code)> handler, task<void> body) {
    asio::co_spawn(io, detail::accept_every_cancellation(std::move(body)),
                   detail::map_handler(std::move(handler),
                                       [](auto h, std::exception_ptr failure) { std::move(h)(code_of(failure)); }));
}

/// Something that happens once and that any number of operations wait for. Each waiter is an operation of Asio's own
/// timer service, so the context owns it, counts it as work, cancels it and destroys it. An event that ends before it
/// was set ends its waits with `operation_aborted`.
///
/// One thread at a time.
class event {
public:
    explicit event(const executor& io) : timer_(io, asio::steady_timer::time_point::max()) {}

    bool is_set() const noexcept { return *set_; }

    /// Completes all waiters, now and for ever.
    void set() {
        *set_ = true;
        timer_.expires_at(asio::steady_timer::time_point());  // long past: later waits complete, too
    }

    /// `function(handler, error_code)` runs on the handler's executor: success when the event was set,
    /// `operation_aborted` when the wait was cancelled.
    template <typename Handler, typename Function>
    void async_wait(Handler handler, Function function) {
        timer_.async_wait(detail::map_handler(
            std::move(handler), [set = set_, function = std::move(function)](auto h, error_code) mutable {
                std::move(function)(std::move(h), *set ? error_code{} : error_code(asio::error::operation_aborted));
            }));
    }

    /// Ends the waits there are now with `operation_aborted`.
    void cancel() { timer_.cancel(); }

private:
    asio::steady_timer timer_;
    std::shared_ptr<bool> set_ = std::make_shared<bool>(false);  // a wait may end after the event
};

}  // namespace parley
