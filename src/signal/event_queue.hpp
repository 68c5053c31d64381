// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Where a signal handler leaves what it saw: a bounded queue without locks, and a bell for the loop.
#pragma once

#include <parley/core/unique_fd.hpp>
#include <parley/signal/signal_event.hpp>

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <type_traits>

namespace parley::detail {

/// Holds `capacity()` events, and beyond that one of each number that is not among them: however many signals of other
/// numbers come, each number is seen.
///
/// Any number of handlers push, any number of threads pop. Nothing waits for anything: a thread that is interrupted in
/// the middle of a push delays the events behind it, never the handler that interrupted it. After the bounded
/// multi-producer queue of Dmitry Vyukov.
class event_queue {
public:
    static constexpr std::size_t largest = std::size_t{1} << 24;

    /// `limit`: from 1 to `largest`. `bell`: an eventfd. Throws bad_alloc.
    event_queue(std::size_t limit, unique_fd bell);

    /// Async-signal-safe. What does not fit is counted.
    void push(const signal_event& event) noexcept;
    /// Makes the bell's descriptor readable unless it has been rung since the last `hush`. Async-signal-safe.
    void ring() noexcept;

    std::optional<signal_event> pop() noexcept;
    bool empty() const noexcept;
    /// Makes the bell's descriptor unreadable. To be followed by `pop`: what was pushed before does not ring again.
    void hush() noexcept;

    int bell() const noexcept { return bell_.get(); }
    std::size_t capacity() const noexcept { return capacity_; }
    std::uint64_t missed() const noexcept { return missed_.load(std::memory_order_relaxed); }

private:
    // A cell's turn says whose it is. At position p of the queue, `lap` being p without the index: lap, to be written;
    // lap + 1, to be read; lap + cells, to be written in the next lap. So fresh memory of zeros is an empty queue.
    struct cell {
        std::uint64_t turn;
        signal_event event;
    };
    static_assert(std::is_trivially_copyable_v<cell>);
    struct release_memory {
        void operator()(cell* cells) const noexcept { std::free(cells); }
    };

    // Behind the capacity: a cell for each number, and one for each thread that may just be reading one.
    static constexpr std::size_t reserve = NSIG + 63;

    std::size_t cell_count() const noexcept { return capacity_ + reserve; }
    bool admit(const signal_event& event, std::uint64_t position) noexcept;
    void lose() noexcept;

    std::size_t capacity_;
    std::unique_ptr<cell[], release_memory> cells_;
    unique_fd bell_;
    alignas(64) std::atomic<std::uint64_t> tail_{0};
    std::atomic<std::uint64_t> lost_since_last_{0};
    std::atomic<std::uint64_t> missed_{0};
    alignas(64) std::atomic<std::uint64_t> head_{0};
    std::atomic<bool> rung_{false};
    std::array<std::atomic<std::uint32_t>, NSIG> queued_{};  // how many events of each number are in
};

}  // namespace parley::detail
