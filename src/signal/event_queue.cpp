// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "signal/event_queue.hpp"

#include "core/syscall.hpp"

#include <bit>
#include <new>

namespace parley::detail {

// A cell of its own for reading and one for writing: with a single one "to be read" and "to be written next" are the
// same.
event_queue::event_queue(std::size_t limit, unique_fd bell)
    : mask_(std::bit_ceil(limit < 2 ? std::size_t{2} : limit) - 1),
      cells_(static_cast<cell*>(std::calloc(capacity(), sizeof(cell)))),  // zeros whose pages cost nothing until used
      bell_(std::move(bell)) {
    if (!cells_) throw std::bad_alloc();
}

void event_queue::push(const signal_event& event) noexcept {
    auto position = tail_.load(std::memory_order_relaxed);
    for (;;) {
        cell& place = cells_[position & mask_];
        const std::atomic_ref turn(place.turn);
        const auto lap = position & ~std::uint64_t{mask_};
        const auto found = turn.load(std::memory_order_acquire);
        if (found == lap) {
            if (!tail_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) continue;
            place.event = event;
            place.event.missed = lost_since_last_.exchange(0, std::memory_order_relaxed);
            turn.store(lap + 1, std::memory_order_release);
            return;
        }
        if (found < lap) {  // still unread since the last lap
            missed_.fetch_add(1, std::memory_order_relaxed);
            lost_since_last_.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        position = tail_.load(std::memory_order_relaxed);
    }
}

std::optional<signal_event> event_queue::pop() noexcept {
    auto position = head_.load(std::memory_order_relaxed);
    for (;;) {
        cell& place = cells_[position & mask_];
        const std::atomic_ref turn(place.turn);
        const auto lap = position & ~std::uint64_t{mask_};
        const auto found = turn.load(std::memory_order_acquire);
        if (found == lap + 1) {
            if (!head_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) continue;
            const signal_event event = place.event;
            turn.store(lap + capacity(), std::memory_order_release);
            return event;
        }
        if (found <= lap) return std::nullopt;
        position = head_.load(std::memory_order_relaxed);
    }
}

bool event_queue::empty() const noexcept {
    const auto position = head_.load(std::memory_order_relaxed);
    const std::atomic_ref turn(cells_[position & mask_].turn);
    return turn.load(std::memory_order_acquire) <= (position & ~std::uint64_t{mask_});
}

void event_queue::ring() noexcept {
    if (rung_.exchange(true, std::memory_order_acq_rel)) return;
    const std::uint64_t one = 1;
    (void)sys::write(bell_.get(), &one, sizeof one);
}

void event_queue::hush() noexcept {
    std::uint64_t count;
    (void)sys::read(bell_.get(), &count, sizeof count);
    // After the read: a push that still saw the bell rung is seen by the pop that follows; a later one rings again.
    rung_.exchange(false, std::memory_order_acq_rel);
}

}  // namespace parley::detail
