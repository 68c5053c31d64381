// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Tests under load: as much as the machine can do in some seconds, and never a failure for its slowness.
#pragma once

#include "run_task.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace parley::test {

/// Runs `io` until `done()`. Throws where `io` runs out of work before, and where the number that `progress()` gives
/// has not changed for the length of the guard: a slow machine is told from a hang by this.
template <typename Condition, typename Progress>
void run_while_it_moves(asio::io_context& io, Condition done, Progress progress) {
    auto last = progress();
    auto end = std::chrono::steady_clock::now() + guard;
    io.restart();
    while (!done()) {
        if (io.run_one_until(end) == 0 && io.stopped() && !done())
            throw std::runtime_error("no work left, condition not met");
        if (auto now = progress(); now != last) {
            last = now;
            end = std::chrono::steady_clock::now() + guard;
        } else if (std::chrono::steady_clock::now() >= end) {
            throw std::runtime_error("nothing has moved for the length of the guard");
        }
    }
}

/// The same until `body` has ended; rethrows what it threw.
template <typename Progress>
void run_while_it_moves(asio::io_context& io, task<void> body, Progress progress) {
    std::optional<std::exception_ptr> ended;
    asio::co_spawn(io, std::move(body), [&](std::exception_ptr e) { ended = e; });
    run_while_it_moves(
        io, [&] { return ended.has_value(); }, progress);
    if (*ended) std::rethrow_exception(*ended);
}

/// How much to do where `sample` has taken `taken`: `wanted`, or what this machine does in some seconds.
inline std::size_t affordable(std::size_t wanted, std::size_t sample, std::chrono::steady_clock::duration taken) {
    constexpr std::chrono::seconds some{15};
    const auto each =
        std::max<std::chrono::steady_clock::duration>(taken / static_cast<long>(sample), std::chrono::nanoseconds(1));
    return std::clamp<std::size_t>(static_cast<std::size_t>(some / each), sample, std::max(wanted, sample));
}

}  // namespace parley::test
