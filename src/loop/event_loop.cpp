// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/event_loop.hpp>

#include <parley/core/log.hpp>

#include "core/syscall.hpp"
#include "loop/busy_polling.hpp"
#include "loop/lag_watch.hpp"

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <spdlog/logger.h>

#include <algorithm>
#include <utility>

namespace parley {
namespace {

using clock = std::chrono::steady_clock;

constexpr int one_thread = 1;  // a hint: handlers posted from within are queued without waking anybody

}  // namespace

event_loop::standard_streams::standard_streams() {
    if (const auto ec = sys::open_standard_streams())
        throw boost::system::system_error(ec, "open /dev/null for a closed standard stream");
}

event_loop::event_loop(event_loop_options options) : options_(std::move(options)), context_(one_thread) {
    if (options_.watch_lag > std::chrono::milliseconds::zero())
        lag_ = std::make_unique<detail::lag_watch>(options_.watch_lag);
}

event_loop::~event_loop() = default;

std::size_t event_loop::run() {
    const bool polls = options_.busy_poll > std::chrono::microseconds::zero();
    if (!polls && !lag_) return context_.run();
    if (lag_) lag_->begin(clock::now());
    return polls ? run_polling() : run_watching();
}

std::size_t event_loop::run_polling() {
    detail::busy_polling polling(options_.busy_poll);
    std::size_t total = 0;
    while (!context_.stopped()) {
        std::size_t ran = poll();
        total += ran;
        if (ran != 0) continue;
        const auto begun = clock::now();
        const auto end = begun + polling.window(begun);
        auto now = begun;
        for (; now < end && ran == 0 && !context_.stopped(); now = clock::now()) ran = poll();
        if (ran != 0) {
            polling.paid();
            ++counters_.polls_paid;
        } else if (!context_.stopped()) {
            ran = wait();  // with the time of the handler, which is short or is the reason for more to do
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
    }
    return total;
}

std::size_t event_loop::run_watching() {
    std::size_t total = 0;
    while (!context_.stopped()) total += wait();
    return total;
}

// Runs what is ready.
std::size_t event_loop::poll() {
    if (!lag_) return counted(context_.poll());
    look_if_due();
    return counted(context_.poll_one());  // one at a time: a look may become due behind each
}

// Runs the next handler, for which it waits.
std::size_t event_loop::wait() {
    if (!lag_) return counted(context_.run_one());
    std::size_t ran = 0;
    while (ran == 0 && !context_.stopped()) {
        look_if_due();
        ran = counted(lag_->looks() ? context_.run_one() : context_.run_one_until(lag_->due()));
    }
    return ran;
}

void event_loop::look_if_due() {
    if (!lag_->begin_look(clock::now())) return;
    asio::post(context_, [this] {
        const auto lag = lag_->end_look(clock::now());
        ++counters_.looks;
        counters_.last_lag = std::chrono::duration_cast<std::chrono::microseconds>(lag);
        counters_.max_lag = std::max(counters_.max_lag, counters_.last_lag);
        counters_.total_lag += counters_.last_lag;
        const auto told = std::chrono::duration_cast<std::chrono::milliseconds>(lag);
        if (told < options_.lag_limit) return;
        if (options_.on_lag)
            options_.on_lag(told);
        else
            logger()->warn("the loop was held up for {} ms", told.count());
    });
}

// Without those that looked.
std::size_t event_loop::counted(std::size_t ran) noexcept {
    if (lag_) ran -= lag_->take_ended();
    counters_.handlers += ran;
    return ran;
}

}  // namespace parley
