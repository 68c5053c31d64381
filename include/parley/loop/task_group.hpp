// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Coroutines that run side by side inside a scope, none of which outlives it.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/export.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <list>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace parley {
namespace detail {

template <typename Body, typename T>
class group_scope;

}  // namespace detail

/// Tasks that run side by side; made by `with_task_group`, which does not return before the last has ended.
///
/// There is no public constructor: a group that could be a member or be returned would let tasks outlive what they
/// refer to. The first exception of a task cancels the others and the body of the group. A cancellation is kept: what
/// awaits after it ends, too. It has the type terminal, the one every coroutine lets through unless it says otherwise;
/// what a task throws in answer, if `operation_aborted`, is no failure.
///
/// Runs on the executor of the coroutine that opened the group; one thread or strand.
class PARLEY_EXPORT task_group : public std::enable_shared_from_this<task_group> {
public:
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;

    const executor& get_executor() const noexcept { return io_; }

    /// Starts `body`. In a group that was cancelled it starts cancelled: it ends at its first await that has to wait,
    /// if it starts at all.
    void spawn(task<void> body);

    /// Cancels all tasks, those to come included; not the body of the group. Again does nothing.
    void cancel();
    bool cancelled() const noexcept { return cancelled_; }

    /// How many tasks have not ended.
    std::size_t size() const noexcept { return tasks_.size(); }

    /// Waits until there is no task left.
    ///
    /// Completion: `void(std::exception_ptr)`: `co_await` rethrows the first exception of a task, once;
    /// `with_task_group` does not throw it again. For the body of the group: a task that joined would wait for itself.
    /// Cancellation: all types; it gives up the wait alone (`operation_aborted`), unless it is the group that is being
    /// cancelled: then the tasks are waited for all the same, and `operation_aborted` comes after. A body that has
    /// disabled cancellation joins without an error and goes on. Any number may run at once.
    template <typename CompletionToken = asio::deferred_t>
    auto async_join(CompletionToken&& token = {}) {
        using signature = void(std::exception_ptr);
        return async_start<signature>(
            std::forward<CompletionToken>(token),
            [this](completion_handler<signature> handler) { start_join(std::move(handler)); });
    }

private:
    template <typename Body, typename T>
    friend class detail::group_scope;

    using handler_type = completion_handler<void(std::exception_ptr)>;
    using wait_step = void (task_group::*)(asio::cancellation_state, handler_type);

    struct entry {
        asio::cancellation_signal cancel;
    };

    explicit task_group(executor io);
    ~task_group();

    void start_join(handler_type handler);
    void start_scope(task<void> body, handler_type handler);
    void wait_then(wait_step step, asio::cancellation_state cancellation, handler_type handler);
    void continue_join(asio::cancellation_state cancellation, handler_type handler);
    void continue_scope(asio::cancellation_state cancellation, handler_type handler);
    void task_ended(std::list<std::shared_ptr<entry>>::iterator place, std::exception_ptr failure);
    void body_ended(std::exception_ptr failure);
    void cancel_scope();
    bool is_answer_to_cancellation(const std::exception_ptr& failure) const;

    executor io_;
    asio::steady_timer changed_;  // never expires; cancelled to wake those who wait
    std::list<std::shared_ptr<entry>> tasks_;
    asio::cancellation_signal body_cancel_;
    std::exception_ptr failure_;  // of the first task that failed, until somebody was told
    std::exception_ptr body_failure_;
    bool body_runs_ = false;
    bool cancelled_ = false;        // the tasks
    bool scope_cancelled_ = false;  // the body, too
    bool aborted_ = false;          // from outside
};

namespace detail {

// A group with its body and the body's value, alive as long as any coroutine of it.
template <typename Body, typename T>
class group_scope : public task_group {
    struct nothing {};
    using value_type = std::conditional_t<std::is_void_v<T>, nothing, T>;

public:
    group_scope(executor io, Body body) : task_group(std::move(io)), body_(std::move(body)) {}

    auto async_run() {
        using signature = void(std::exception_ptr);
        return async_start<signature>(asio::use_awaitable, [this](completion_handler<signature> handler) {
            start_scope(run_body(), std::move(handler));
        });
    }

    T take() {
        if constexpr (!std::is_void_v<T>) return std::move(*value_);
    }

private:
    task<void> run_body() {
        if constexpr (std::is_void_v<T>) {
            co_await body_(*this);
        } else {
            value_.emplace(co_await body_(*this));
        }
    }

    Body body_;
    std::optional<value_type> value_;
};

}  // namespace detail

/// Runs `body(group)`, a coroutine, with a group of tasks, and returns its value when it and every task have ended.
///
///     co_await with_task_group([&](task_group& group) -> task<void> {
///         group.spawn(serve(a));
///         group.spawn(serve(b));
///         co_await group.async_join();
///     });
///
/// When the body ends, the tasks that run are waited for. When it throws, they are cancelled and waited for, and the
/// exception goes on. When a task throws, all others and the body are cancelled and waited for, and the exception goes
/// on unless `async_join` has given it to the body; the first one wins. When the calling coroutine is cancelled, all
/// are cancelled and waited for, and `operation_aborted` is thrown.
template <typename Body>
    requires std::invocable<Body&, task_group&>
auto with_task_group(Body body) -> std::invoke_result_t<Body&, task_group&> {
    using value_type = typename std::invoke_result_t<Body&, task_group&>::value_type;
    const auto scope =
        std::make_shared<detail::group_scope<Body, value_type>>(co_await asio::this_coro::executor, std::move(body));
    co_await scope->async_run();
    co_return scope->take();
}

}  // namespace parley
