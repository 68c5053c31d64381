// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/event_loop.hpp>

#include "core/syscall.hpp"

#include <boost/system/system_error.hpp>

namespace parley {
namespace {

constexpr int one_thread = 1;  // a hint: handlers posted from within are queued without waking anybody

}  // namespace

event_loop::standard_streams::standard_streams() {
    if (const auto ec = sys::open_standard_streams())
        throw boost::system::system_error(ec, "open /dev/null for a closed standard stream");
}

event_loop::event_loop(event_loop_options options) : options_(options), context_(one_thread) {}

event_loop::~event_loop() = default;

std::size_t event_loop::run() {
    if (options_.busy_poll <= std::chrono::microseconds::zero()) return context_.run();
    using clock = std::chrono::steady_clock;
    std::size_t total = 0;
    while (!context_.stopped()) {
        std::size_t ran = context_.poll();
        for (const auto end = clock::now() + options_.busy_poll; ran == 0 && !context_.stopped() && clock::now() < end;)
            ran = context_.poll();
        if (ran == 0) ran = context_.run_one();
        total += ran;
    }
    return total;
}

}  // namespace parley
