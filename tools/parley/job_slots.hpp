// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A bounded number of jobs at once; more wait.
#pragma once

#include <parley/core/asio.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <cstddef>
#include <list>
#include <utility>

namespace parley::tool {

/// First come, first served. One thread.
class job_slots {
public:
    job_slots(executor io, std::size_t count)
        : io_(std::move(io)), free_(count), all_free_(io_, asio::steady_timer::time_point::max()) {}

    /// One of the jobs that may run, for as long as it lives.
    class slot {
    public:
        slot(slot&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
        slot& operator=(slot&&) = delete;
        ~slot() {
            if (of_) of_->give_back();
        }

    private:
        friend class job_slots;
        explicit slot(job_slots& of) noexcept : of_(&of) {}

        job_slots* of_;
    };

    /// How many wait for one.
    std::size_t waiting() const noexcept { return queue_.size(); }
    /// Waits until there is one. Throws `operation_aborted` after `close`. Cancellation: the same.
    task<slot> async_take() {
        if (closed_) throw boost::system::system_error(asio::error::operation_aborted);
        if (free_ == 0) {
            waiter own(*this);
            while (!own.has_turn && !closed_) co_await wait(own.woken);
            if (closed_) throw boost::system::system_error(asio::error::operation_aborted);
            own.has_turn = false;  // it is the slot's now
        } else {
            take();
        }
        co_return slot(*this);
    }
    /// No more are given.
    void close() {
        closed_ = true;
        for (auto* const one : queue_) one->woken.cancel();
    }
    /// Waits until none is taken. Cancellation: `operation_aborted`.
    task<> async_wait_free() {
        while (taken_ != 0) co_await wait(all_free_);
    }

private:
    // One that waits, or has its turn and does not know it yet. A timer of its own, so that only it is woken.
    struct waiter {
        explicit waiter(job_slots& s) : of(s), woken(s.io_, asio::steady_timer::time_point::max()) {
            place = of.queue_.insert(of.queue_.end(), this);
        }
        waiter(const waiter&) = delete;
        waiter& operator=(const waiter&) = delete;
        ~waiter() {
            if (queued) of.queue_.erase(place);
            if (has_turn) of.give_back();
        }

        job_slots& of;
        asio::steady_timer woken;
        std::list<waiter*>::iterator place{};
        bool queued = true;
        bool has_turn = false;
    };

    void take() noexcept {
        --free_;
        ++taken_;
    }
    void give_back() {
        ++free_;
        if (--taken_ == 0) all_free_.cancel();
        if (closed_ || queue_.empty()) return;
        auto& next = *queue_.front();
        queue_.pop_front();
        next.queued = false;
        next.has_turn = true;
        take();
        next.woken.cancel();
    }
    static task<> wait(asio::steady_timer& woken) {
        error_code ignored;
        co_await woken.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        const auto cancelled = co_await asio::this_coro::cancellation_state;
        if (cancelled.cancelled() != asio::cancellation_type::none)
            throw boost::system::system_error(asio::error::operation_aborted);
    }

    executor io_;
    std::size_t free_;
    std::size_t taken_ = 0;
    bool closed_ = false;
    std::list<waiter*> queue_{};
    asio::steady_timer all_free_;  // never expires; cancelled to wake who waits
};

}  // namespace parley::tool
