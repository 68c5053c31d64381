// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Tasks for groups: that work, wait, fail, or end slowly, and what they went through.
#pragma once

#include <parley/core/asio.hpp>

#include "leftovers.hpp"
#include "run_task.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace parley::test {

using namespace std::chrono_literals;

// What a task went through.
struct trace {
    int started = 0;
    int ended = 0;
    int aborted = 0;
};

inline task<> pause() {
    asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
    co_await timer.async_wait(asio::use_awaitable);
}

inline task<> wait_for_ever(trace& t) {
    ++t.started;
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    try {
        co_await timer.async_wait(asio::use_awaitable);
    } catch (const boost::system::system_error& e) {
        if (e.code() == asio::error::operation_aborted) ++t.aborted;
        ++t.ended;
        throw;
    }
}

inline task<> work(trace& t, int turns = 1) {
    ++t.started;
    for (int i = 0; i < turns; ++i) co_await asio::post(asio::use_awaitable);
    ++t.ended;
}

inline task<> fail(std::string text, int turns = 1) {
    for (int i = 0; i < turns; ++i) co_await asio::post(asio::use_awaitable);
    throw std::runtime_error(text);
}

// Ends a while after it was cancelled.
inline task<> end_slowly(trace& t) {
    ++t.started;
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    co_await asio::this_coro::reset_cancellation_state();
    for (int i = 0; i < 3; ++i) co_await pause();
    ++t.ended;
}

inline std::string thrown_by(asio::io_context& io, task<> body) {
    try {
        run_task(io, std::move(body));
    } catch (const boost::system::system_error& e) {
        return e.code() == asio::error::operation_aborted ? "operation_aborted" : e.what();
    } catch (const std::exception& e) {
        return e.what();
    }
    return "";
}

struct group_fixture : no_leftovers {
    asio::io_context io;
    trace t;
};

}  // namespace parley::test
