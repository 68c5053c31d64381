// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The orderly end of a program: stop accepting, finish what is there, and be forced when that takes too long.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/export.hpp>
#include <parley/core/timer.hpp>
#include <parley/signal/signal_mask.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string_view>
#include <utility>

namespace parley {

struct shutdown_options {
    /// The signals that ask for the end. One that is ignored when the object is made (`nohup`, a background job) stays
    /// ignored.
    signal_mask signals{SIGINT, SIGTERM};
    /// From the first request to the force.
    saturated<std::chrono::milliseconds> deadline{10'000};
};

enum class shutdown_phase : std::uint8_t {
    running,   ///< nobody has asked
    draining,  ///< accept nothing new, finish what is there
    forced,    ///< the deadline has passed or somebody insisted: drop everything
};

/// "running", "draining", "forced".
PARLEY_EXPORT std::string_view to_string(shutdown_phase phase) noexcept;
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, shutdown_phase phase);

/// Goes from running to draining at the first of its signals, and from there to forced at the second or at the
/// deadline; never back.
///
/// It does nothing to anybody: who has to act waits for the phases. Once forced it gives the signals' dispositions
/// back, so that one more Ctrl-C ends a program that still hangs. While it is open its context has work. `parley::run`
/// is built on it. One thread at a time. (Not named `shutdown`: that is shutdown(2).)
class PARLEY_EXPORT shutdown_control {
public:
    /// Throws system_error: `invalid_argument` for a signal that cannot be caught.
    explicit shutdown_control(executor io);
    shutdown_control(executor io, const shutdown_options& options);
    shutdown_control(const shutdown_control&) = delete;
    shutdown_control& operator=(const shutdown_control&) = delete;
    /// Closes.
    ~shutdown_control();

    shutdown_phase phase() const noexcept;
    /// The signal that began the end; 0 when none did.
    int signal_number() const noexcept;

    /// Begins draining as if signal `number` had arrived. 0: without a signal; repeated it does not force.
    void request(int number = 0);
    /// Forces now.
    void force();

    /// Gives the dispositions back and ends all waits with `operation_aborted`. The phase stays. Idempotent, final.
    void close();

    /// Completes, with `void(error_code)`, when draining has begun; at once when it has before. Errors:
    /// `operation_aborted` after `close`. Cancellation: all types; nothing is lost. Any number may wait.
    template <typename CompletionToken = asio::deferred_t>
    auto async_wait_draining(CompletionToken&& token = {}) {
        return async_start<void(error_code)>(
            std::forward<CompletionToken>(token),
            [this](completion_handler<void(error_code)> h) { start_wait(false, std::move(h)); });
    }

    /// The same for the force.
    template <typename CompletionToken = asio::deferred_t>
    auto async_wait_forced(CompletionToken&& token = {}) {
        return async_start<void(error_code)>(
            std::forward<CompletionToken>(token),
            [this](completion_handler<void(error_code)> h) { start_wait(true, std::move(h)); });
    }

private:
    class state;

    void start_wait(bool forced, completion_handler<void(error_code)> handler);

    std::shared_ptr<state> state_;
};

}  // namespace parley
