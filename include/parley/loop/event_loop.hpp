// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The loop of a process: an io_context, with closed standard streams made safe and optional busy polling.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/export.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace parley {

struct event_loop_options {
    /// How long to poll, at most, before blocking whenever nothing is ready. Saves the wake-up across cores, for the
    /// time of a core. The loop polls only while that pays: less and less where
    /// nothing comes, and hardly at all where the other side needs the same core. 0: never. 50 to 100 us are usual.
    std::chrono::microseconds busy_poll{0};
};

/// What a loop that polls has seen.
struct event_loop_counters {
    std::uint64_t handlers = 0;      ///< that ran
    std::uint64_t polls_paid = 0;    ///< times that something came while it polled
    std::uint64_t polls_missed = 0;  ///< times that nothing did
    std::uint64_t waits = 0;         ///< times that it blocked
};

/// Owns the `asio::io_context` that everything of one thread runs on.
///
/// Nothing in parley needs this class: any executor will do. It adds two things. A standard stream that was closed when
/// the program began is opened on /dev/null first, so that no descriptor of the program's own lands on 0, 1 or 2, where
/// a library that prints would write into it. And it can poll for a bounded time before it blocks.
///
/// One thread runs it; `stop` and everything that goes through the executor are for any thread.
class PARLEY_EXPORT event_loop {
public:
    using executor_type = asio::io_context::executor_type;

    /// Throws system_error where a standard stream is closed and /dev/null cannot be opened.
    explicit event_loop(event_loop_options options = {});
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
    /// What happened in `run` so far. Counted only where `busy_poll` is set: Asio's own loop counts nothing. The thread
    /// that runs it.
    const event_loop_counters& counters() const noexcept { return counters_; }
    /// Lets `run` run again.
    void restart() { context_.restart(); }

private:
    struct standard_streams {
        standard_streams();
    };

    event_loop_options options_;
    event_loop_counters counters_{};
    standard_streams streams_;  // before Asio opens anything
    asio::io_context context_;
};

}  // namespace parley
