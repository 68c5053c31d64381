// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The loop of a process: an io_context, with closed standard streams made safe and optional busy polling.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/export.hpp>
#include <parley/core/timer.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>

namespace parley {

struct event_loop_options {
    /// How long to poll, at most, before blocking whenever nothing is ready. Saves the wake-up across cores, for the
    /// time of a core, and offers that core to others between two looks. The loop polls only while that pays: less and
    /// less where nothing comes, and hardly at all where something comes only when it blocks. It looks by itself,
    /// without epoll(7), for what channels over sockets and `async_receive` wait for. Handlers of these run outside of
    /// the context: there `dispatch` posts. 0: never. 50 to 100 us are usual.
    saturated<std::chrono::microseconds> busy_poll{0};
    /// How often to look how long what is ready waits for its turn. 0: never, which costs nothing. 10 to 100 ms are
    /// usual; a loop that was held up seems to have been so for up to this time less.
    saturated<std::chrono::milliseconds> watch_lag{0};
    /// Who has waited this long is worth a word: `on_lag`, or a warning in the log.
    saturated<std::chrono::milliseconds> lag_limit{100};
    /// Called by the loop, when what held it up is over. What it throws leaves `run`.
    std::function<void(std::chrono::milliseconds lag)> on_lag{};
};

/// What a loop that polls, or looks at its lag, has seen.
struct event_loop_counters {
    std::uint64_t handlers = 0;             ///< that ran
    std::uint64_t polls_paid = 0;           ///< times that something came while it polled
    std::uint64_t polls_missed = 0;         ///< times that nothing did
    std::uint64_t waits = 0;                ///< times that it blocked, where it polls
    std::uint64_t looks = 0;                ///< at the lag
    std::chrono::microseconds last_lag{0};  ///< how late the loop was when it looked last
    std::chrono::microseconds max_lag{0};
    std::chrono::microseconds total_lag{0};

    std::chrono::microseconds mean_lag() const noexcept {
        return looks == 0 ? total_lag : total_lag / static_cast<std::int64_t>(looks);
    }

    /// In one line, such as "handlers 4; polls that paid 3, that did not 1; waits 2; lag in 5 looks: ...".
    PARLEY_EXPORT friend std::ostream& operator<<(std::ostream& out, const event_loop_counters& c);
};

namespace detail {

class lag_watch;
class polling;
class turn_schedule;

}  // namespace detail

/// Owns the `asio::io_context` that everything of one thread runs on.
///
/// Nothing in parley needs this class: any executor will do. It adds three things. A standard stream that was closed
/// when the program began is opened on /dev/null first, so that no descriptor of the program's own lands on 0, 1 or 2,
/// where a library that prints would write into it. It can poll for a bounded time before it blocks. And it can tell
/// how late it is: how long a handler that is ready waits for those before it.
///
/// One thread runs it; `stop` and everything that goes through the executor are for any thread.
class PARLEY_EXPORT event_loop {
public:
    using executor_type = asio::io_context::executor_type;

    /// Throws system_error where a standard stream is closed and /dev/null cannot be opened.
    event_loop();
    explicit event_loop(event_loop_options options);
    event_loop(const event_loop&) = delete;
    event_loop& operator=(const event_loop&) = delete;
    /// Destroys what is still pending, unfinished coroutines included. Ends no child and closes no file early.
    ~event_loop();

    asio::io_context& context() noexcept { return context_; }
    executor_type get_executor() noexcept { return context_.get_executor(); }

    /// Runs handlers until there is no work left or `stop` was called; gives their number. What a handler throws leaves
    /// `run`, as in Asio, and `run` may be called again without `restart`.
    std::size_t run();
    /// Makes `run` return as soon as the current handler has; later calls return at once until `restart`. Any thread.
    void stop() { context_.stop(); }
    /// True after `stop` and when `run` has run out of work.
    bool stopped() const { return context_.stopped(); }
    /// What happened in `run` so far. Counted only where `busy_poll` or `watch_lag` is set: Asio's own loop counts
    /// nothing. The thread that runs it.
    const event_loop_counters& counters() const noexcept { return counters_; }
    /// Lets `run` run again.
    void restart() { context_.restart(); }

private:
    struct standard_streams {
        standard_streams();
    };

    std::size_t run_polling();
    std::size_t run_watching();
    std::size_t poll(detail::turn_schedule& turns);
    std::size_t take_turn();
    std::size_t wait();
    void look_if_due();
    std::size_t counted(std::size_t ran) noexcept;

    event_loop_options options_;
    event_loop_counters counters_{};
    std::unique_ptr<detail::lag_watch> lag_;  // where it is watched
    standard_streams streams_;                // before Asio opens anything
    asio::io_context context_;
    detail::polling* polling_ = nullptr;  // of the context, where it polls
};

}  // namespace parley
