// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "signal/event_queue.hpp"

#include "core/syscall.hpp"

#include <bit>
#include <new>

namespace parley::detail {

event_queue::event_queue(std::size_t limit, unique_fd bell)
    : capacity_(std::bit_ceil(limit < 2 ? std::size_t{2} : limit)),
      cells_(static_cast<cell*>(std::calloc(cell_count(), sizeof(cell)))),  // zeros whose pages cost nothing until used
      bell_(std::move(bell)) {
    if (!cells_) throw std::bad_alloc();
}

// Whether the event may go to `position`: there is room, or it is the only one of its number. Then it is counted as in.
bool event_queue::admit(const signal_event& event, std::uint64_t position) noexcept {
    auto& queued = queued_[static_cast<std::size_t>(event.number)];
    // A tail that was read before the head may lie behind it.
    const auto waiting = static_cast<std::int64_t>(position - head_.load(std::memory_order_acquire));
    if (waiting < static_cast<std::int64_t>(capacity_)) {
        queued.fetch_add(1, std::memory_order_acq_rel);
        return true;
    }
    std::uint32_t none = 0;
    return queued.compare_exchange_strong(none, 1, std::memory_order_acq_rel);
}

void event_queue::lose() noexcept {
    missed_.fetch_add(1, std::memory_order_relaxed);
    lost_since_last_.fetch_add(1, std::memory_order_relaxed);
}

void event_queue::push(const signal_event& event) noexcept {
    auto position = tail_.load(std::memory_order_relaxed);
    bool admitted = false;
    for (;;) {
        if (!admitted && !(admitted = admit(event, position))) return lose();
        cell& place = cells_[position % cell_count()];
        const std::atomic_ref turn(place.turn);
        const auto lap = position - position % cell_count();
        const auto found = turn.load(std::memory_order_acquire);
        if (found == lap) {
            if (!tail_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) continue;
            place.event = event;
            place.event.missed = lost_since_last_.exchange(0, std::memory_order_relaxed);
            turn.store(lap + 1, std::memory_order_release);
            return;
        }
        if (found < lap) {  // more threads than the reserve allows for are just reading
            queued_[static_cast<std::size_t>(event.number)].fetch_sub(1, std::memory_order_acq_rel);
            return lose();
        }
        position = tail_.load(std::memory_order_relaxed);
    }
}

std::optional<signal_event> event_queue::pop() noexcept {
    auto position = head_.load(std::memory_order_relaxed);
    for (;;) {
        cell& place = cells_[position % cell_count()];
        const std::atomic_ref turn(place.turn);
        const auto lap = position - position % cell_count();
        const auto found = turn.load(std::memory_order_acquire);
        if (found == lap + 1) {
            if (!head_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) continue;
            // Before it is given out: what comes from here on is not seen by it.
            queued_[static_cast<std::size_t>(place.event.number)].fetch_sub(1, std::memory_order_acq_rel);
            const signal_event event = place.event;
            turn.store(lap + cell_count(), std::memory_order_release);
            return event;
        }
        if (found <= lap) return std::nullopt;
        position = head_.load(std::memory_order_relaxed);
    }
}

bool event_queue::empty() const noexcept {
    const auto position = head_.load(std::memory_order_relaxed);
    const std::atomic_ref turn(cells_[position % cell_count()].turn);
    return turn.load(std::memory_order_acquire) <= position - position % cell_count();
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
