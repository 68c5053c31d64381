// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Awaiting one signal that is otherwise blocked: sigpause for coroutines.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/export.hpp>
#include <parley/signal/signal_event.hpp>
#include <parley/signal/signal_mask.hpp>

#include <utility>

namespace parley {
namespace detail {

PARLEY_EXPORT void start_wait_signal(const executor& io, const signal_mask& signals,
                                     completion_handler<void(error_code, signal_event)> handler);

}  // namespace detail

/// Waits for one signal of `signals`, which must be blocked in every thread of the process, and takes exactly that one:
/// the others stay pending in the kernel. The mask is not changed; the coroutine pauses, not the process.
///
/// A signal that was pending already completes at once. Where a `signal_watcher` watches the same number, it sees the
/// signal too, and whichever reads first has it from the kernel: use one or the other.
///
/// Completion: `void(error_code, signal_event)`. Errors: `errc::signal_not_blocked`, at once, when a thread would take
/// the signal away; `errc::invalid_argument` for an empty set; what signalfd(2) reports; `operation_aborted` after
/// cancellation. Cancellation: all types; nothing is lost. Any number at a time. Source: signalfd(2), sigwaitinfo(2).
template <typename CompletionToken = asio::deferred_t>
auto async_wait_signal(const executor& io, const signal_mask& signals, CompletionToken&& token = {}) {
    return async_start<void(error_code, signal_event)>(
        std::forward<CompletionToken>(token),
        [io, signals](completion_handler<void(error_code, signal_event)> handler) {
            detail::start_wait_signal(io, signals, std::move(handler));
        });
}

}  // namespace parley
