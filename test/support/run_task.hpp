// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Runs a coroutine of a test to its end, with a guard against hanging.
#pragma once

#include <parley/core/asio.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace parley::test {

/// How long a test may wait for what must happen.
inline constexpr std::chrono::seconds guard{60};

/// A guard has passed in this case: it has failed. The loop is not to be run any more, because what it would go on with
/// may refer to what the case has had on its stack.
inline std::atomic<bool> guard_has_passed{false};

/// The guard, for what follows a failure a short one.
std::chrono::seconds time_left();

/// Runs `io` until `done()`; throws when the guard passes or `io` runs out of work before.
template <typename Condition>
void run_until(asio::io_context& io, Condition done) {
    const auto end = std::chrono::steady_clock::now() + time_left();
    io.restart();
    while (!done()) {
        if (io.run_one_until(end) != 0 || done()) continue;
        if (io.stopped()) throw std::runtime_error("no work left, condition not met");
        guard_has_passed = true;
        throw std::runtime_error("guard passed, condition not met");
    }
}

/// Runs `io` until `body` has ended, gives its value or rethrows.
inline void run_task(asio::io_context& io, task<void> body) {
    std::optional<std::exception_ptr> ended;
    asio::co_spawn(io, std::move(body), [&](std::exception_ptr e) { ended = e; });
    run_until(io, [&] { return ended.has_value(); });
    if (*ended) std::rethrow_exception(*ended);
}

/// The same with a value.
template <typename T>
T run_task(asio::io_context& io, task<T> body) {
    std::optional<T> value;  // a socket has no default constructor
    run_task(io, [](task<T> inner, std::optional<T>& to) -> task<void> {
        to.emplace(co_await std::move(inner));
    }(std::move(body), value));
    return std::move(*value);
}

/// Runs what is ready now.
inline void run_ready(asio::io_context& io) {
    io.restart();
    while (io.poll() != 0) {}
}

}  // namespace parley::test
