// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/event_loop.hpp>

#include "core/syscall.hpp"
#include "loop/busy_polling.hpp"

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
    using clock = std::chrono::steady_clock;
    if (options_.busy_poll <= std::chrono::microseconds::zero()) return context_.run();
    detail::busy_polling polling(options_.busy_poll);
    std::size_t total = 0;
    while (!context_.stopped()) {
        std::size_t ran = context_.poll();
        total += ran;
        counters_.handlers += ran;
        if (ran != 0) continue;
        const auto begun = clock::now();
        const auto end = begun + polling.window(begun);
        auto now = begun;
        for (; now < end && ran == 0 && !context_.stopped(); now = clock::now()) ran = context_.poll();
        if (ran != 0) {
            polling.paid();
            ++counters_.polls_paid;
        } else if (!context_.stopped()) {
            ran = context_.run_one();  // with the time of the handler, which is short or is the reason for more to do
            const auto after = clock::now();
            ++counters_.waits;
            if (end != begun) {
                polling.missed(after - now, after);
                ++counters_.polls_missed;
            } else {
                polling.waited(after - now, after);
            }
        }
        total += ran;
        counters_.handlers += ran;
    }
    return total;
}

}  // namespace parley
