// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The process's signal handlers. The kernel has one disposition per signal and process, so this is the one place that
// is not an object: the handler, who listens to it, and what it was laid over.
#pragma once

#include <parley/signal/signal_mask.hpp>

#include "signal/event_queue.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace parley::detail {

/// A queue's place in the list of each of its signals, and with it the installed handlers.
class subscription {
public:
    /// From here on `queue` gets what arrives of `signals`. With `handlers_on`, handlers catch them; without, they come
    /// from those who call `distribute`.
    ///
    /// Lives beside asio::signal_set (`asio_signals.hpp`). Throws system_error that names the signal; then nothing has
    /// changed.
    subscription(event_queue& queue, const signal_mask& signals, bool handlers_on);
    subscription(const subscription&) = delete;
    subscription& operator=(const subscription&) = delete;
    /// Restores the dispositions of before; when it returns no handler knows the queue any more.
    ~subscription();

    struct node {
        event_queue* queue;
        int number;
        std::atomic<node*> next{nullptr};
    };

private:
    void undo() noexcept;

    std::vector<int> numbers_;
    std::unique_ptr<node[]> nodes_;
    std::size_t listed_ = 0;   // how many of numbers_ are in the lists
    std::size_t handled_ = 0;  // how many of them have our handler
};

/// Reads at most `limit` (and 64) signals from `signalfd` and gives each to every queue that is subscribed to its
/// number; rings all but `quiet`. Gives the number read. The order of the kernel is kept across all callers.
std::size_t distribute(int signalfd, std::size_t limit, const event_queue* quiet) noexcept;

/// Reads exactly one signal from `signalfd` and gives it to the subscribed queues, too; none when there is none.
std::optional<signal_event> take_one(int signalfd) noexcept;

}  // namespace parley::detail
