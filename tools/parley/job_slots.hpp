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
#include <utility>

namespace parley::tool {

/// One thread.
class job_slots {
public:
    job_slots(executor io, std::size_t count)
        : free_(count), changed_(std::move(io), asio::steady_timer::time_point::max()) {}

    /// One of the jobs that may run, for as long as it lives.
    class slot {
    public:
        explicit slot(job_slots& of) noexcept : of_(&of) {
            --of.free_;
            ++of.taken_;
        }
        slot(slot&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
        slot& operator=(slot&&) = delete;
        ~slot() {
            if (!of_) return;
            ++of_->free_;
            --of_->taken_;
            of_->changed_.cancel();
        }

    private:
        job_slots* of_;
    };

    /// How many wait for one.
    std::size_t waiting() const noexcept { return waiting_; }
    /// Waits until there is one. Throws `operation_aborted` after `close`. Cancellation: the same.
    task<slot> async_take() {
        const counted waits(waiting_);
        while (free_ == 0 && !closed_) co_await wait();
        if (closed_) throw boost::system::system_error(asio::error::operation_aborted);
        co_return slot(*this);
    }
    /// No more are given.
    void close() {
        closed_ = true;
        changed_.cancel();
    }
    /// Waits until none is taken. Cancellation: `operation_aborted`.
    task<> async_wait_free() {
        while (taken_ != 0) co_await wait();
    }

private:
    struct counted {
        explicit counted(std::size_t& n) noexcept : number(n) { ++number; }
        counted(const counted&) = delete;
        counted& operator=(const counted&) = delete;
        ~counted() { --number; }
        std::size_t& number;
    };

    task<> wait() {
        error_code ignored;
        co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        const auto cancelled = co_await asio::this_coro::cancellation_state;
        if (cancelled.cancelled() != asio::cancellation_type::none)
            throw boost::system::system_error(asio::error::operation_aborted);
    }

    std::size_t free_;
    std::size_t taken_ = 0;
    std::size_t waiting_ = 0;
    bool closed_ = false;
    asio::steady_timer changed_;  // never expires; cancelled to wake who waits
};

}  // namespace parley::tool
