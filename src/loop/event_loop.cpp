// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/event_loop.hpp>

#include <parley/core/log.hpp>
#include <parley/core/timer.hpp>

#include "core/polling.hpp"
#include "core/syscall.hpp"
#include "loop/busy_polling.hpp"
#include "loop/lag_watch.hpp"
#include "loop/turn_schedule.hpp"

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <spdlog/logger.h>

#include <algorithm>
#include <ostream>
#include <thread>
#include <utility>

namespace parley {
namespace {

using clock = std::chrono::steady_clock;

constexpr int one_thread = 1;      // a hint: handlers posted from within are queued without waking anybody
constexpr int most_handlers = 64;  // in a turn

}  // namespace

std::ostream& operator<<(std::ostream& out, const event_loop_counters& c) {
    return out << "handlers " << c.handlers << "; polls that paid " << c.polls_paid << ", that did not "
               << c.polls_missed << "; waits " << c.waits << "; lag in " << c.looks << " looks: last "
               << c.last_lag.count() << " us, mean " << c.mean_lag().count() << " us, max " << c.max_lag.count()
               << " us";
}

event_loop::standard_streams::standard_streams() {
    if (const auto ec = sys::open_standard_streams())
        throw boost::system::system_error(ec, "open /dev/null for a closed standard stream");
}

event_loop::event_loop() : event_loop(event_loop_options()) {}

event_loop::event_loop(event_loop_options options) : options_(std::move(options)), context_(one_thread) {
    if (options_.watch_lag > std::chrono::milliseconds::zero())
        lag_ = std::make_unique<detail::lag_watch>(detail::clamped<clock::duration>(options_.watch_lag));
    if (options_.busy_poll > std::chrono::microseconds::zero())
        polling_ = &asio::use_service<detail::polling>(context_);
}

event_loop::~event_loop() = default;

std::size_t event_loop::run() {
    if (polling_ == nullptr && !lag_) return context_.run();
    if (lag_) lag_->begin(clock::now());
    return polling_ != nullptr ? run_polling() : run_watching();
}

std::size_t event_loop::run_polling() {
    const detail::polling::running here(*polling_);
    detail::busy_polling learned(detail::clamped<clock::duration>(options_.busy_poll));
    detail::turn_schedule turns;
    std::size_t total = 0;
    while (!context_.stopped()) {
        const auto begun = clock::now();
        const auto end = detail::time_after(begun, learned.window(begun));
        polling_->activate(end != begun);
        // Who was just looked for in vain, or has just come, is not there yet.
        const auto ready = polling_->empty() || end == begun ? poll(turns) : 0;
        total += ready;
        if (ready != 0) continue;
        std::size_t ran = 0;
        auto now = begun;
        for (; now < end && ran == 0 && !context_.stopped(); now = clock::now()) {
            std::this_thread::yield();  // what is waited for may need this core
            ran = poll(turns);
        }
        if (ran != 0) {
            learned.paid();
            ++counters_.polls_paid;
        } else if (!context_.stopped()) {
            polling_->activate(false);
            ran = wait();  // with the time of the handler, which is short or is the reason for more to do
            const auto after = clock::now();
            ++counters_.waits;
            if (end != begun) {
                learned.missed(after - now, after);
                ++counters_.polls_missed;
            } else {
                learned.waited(after - now, after);
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
std::size_t event_loop::poll(detail::turn_schedule& turns) {
    const auto come = polling_->look();
    counters_.handlers += come;
    const bool due = turns.looked(come);
    if (!polling_->empty() && !due) return come;
    const auto ran = take_turn();
    turns.had_turn(ran);
    return come + ran;
}

// A turn of the context. It has an end, because what is looked for wants a turn, too, and is short where it is watched:
// a look at the lag may become due behind each handler.
std::size_t event_loop::take_turn() {
    look_if_due();
    if (lag_) return counted(context_.poll_one());
    std::size_t ran = 0;
    for (int n = 0; n < most_handlers && context_.poll_one() != 0; ++n) ++ran;
    return counted(ran);
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
    if (!lag_ || !lag_->begin_look(clock::now())) return;
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
