// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Spans of time that never overflow: how options take them, and the one place where one becomes a time point.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace parley {
namespace detail {

/// How many units of `to_num/to_den` seconds make one of `num/den`; 0 where that is no whole number, or none that fits.
constexpr std::int64_t whole_factor(std::int64_t num, std::int64_t den, std::int64_t to_num,
                                    std::int64_t to_den) noexcept {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    if (num > most / to_den || to_num > most / den) return 0;
    return (num * to_den) % (den * to_num) == 0 ? (num * to_den) / (den * to_num) : 0;
}

/// Any duration as a `To`, rounded up. What is too long for it, infinity too, becomes its largest value, and what is
/// too long below zero its smallest; not-a-number becomes zero.
template <typename To, typename Rep, typename Period>
constexpr To clamped(std::chrono::duration<Rep, Period> time) noexcept {
    using unit = typename To::period;
    using count = typename To::rep;
    static_assert(std::is_same_v<count, std::int64_t>);
    using limits = std::numeric_limits<count>;
    constexpr count factor = whole_factor(Period::num, Period::den, unit::num, unit::den);
    if constexpr (std::integral<Rep> && sizeof(Rep) <= sizeof(count) && factor != 0) {
        const auto given = time.count();
        if (given > 0 && static_cast<std::uint64_t>(given) > static_cast<std::uint64_t>(limits::max() / factor))
            return To::max();
        if constexpr (std::signed_integral<Rep>)
            if (given < limits::min() / factor) return To::min();
        return To(static_cast<count>(given) * factor);
    } else {
        const long double given = static_cast<long double>(time.count()) * static_cast<long double>(Period::num) *
                                  static_cast<long double>(unit::den) /
                                  (static_cast<long double>(Period::den) * static_cast<long double>(unit::num));
        if (given != given) return To::zero();
        if (given >= static_cast<long double>(limits::max())) return To::max();
        if (given <= static_cast<long double>(limits::min())) return To::min();
        const auto floor_or_ceil = static_cast<count>(given);
        return To(static_cast<long double>(floor_or_ceil) < given ? floor_or_ceil + 1 : floor_or_ceil);
    }
}

/// How many units, at the most as many as an int holds.
template <typename Period>
constexpr int int_count(std::chrono::duration<std::int64_t, Period> time) noexcept {
    using limits = std::numeric_limits<int>;
    if (time.count() > limits::max()) return limits::max();
    return time.count() < limits::min() ? limits::min() : static_cast<int>(time.count());
}

/// The time that lies `time` behind `start`; at the most `time_point::max()`, which never comes.
template <typename Rep, typename Period>
constexpr std::chrono::steady_clock::time_point time_after(std::chrono::steady_clock::time_point start,
                                                           std::chrono::duration<Rep, Period> time) noexcept {
    using time_point = std::chrono::steady_clock::time_point;
    using duration = std::chrono::steady_clock::duration;
    const auto added = clamped<duration>(time);
    const auto since = start.time_since_epoch();
    if (added > duration::zero() && since > duration::max() - added) return time_point::max();
    if (added < duration::zero() && since < duration::min() - added) return time_point::min();
    return start + added;
}

/// The same from now on.
template <typename Rep, typename Period>
std::chrono::steady_clock::time_point time_after(std::chrono::duration<Rep, Period> time) noexcept {
    return time_after(std::chrono::steady_clock::now(), time);
}

/// The milliseconds until `end` for poll(2): -1 for the time that never comes, an hour at the most for any other. So
/// poll may return before `end`, and the caller has to look at the clock.
inline int poll_until(std::chrono::steady_clock::time_point end) noexcept {
    using namespace std::chrono;
    constexpr auto longest = time_after(steady_clock::time_point(), hours(1)).time_since_epoch();
    if (end == steady_clock::time_point::max()) return -1;
    const auto now = steady_clock::now();
    if (end <= now) return 0;
    const auto left = end - now;
    return int_count(clamped<milliseconds>(left < longest ? left : longest));
}

}  // namespace detail

/// A `Duration` that is made of any std::chrono duration without overflow: how options take a span of time. It is
/// rounded up to whole units, and one that is too long is as long as a `Duration` can be, which is as good as no limit:
/// `options.timeout = std::chrono::hours::max()`.
template <typename Duration>
class saturated : public Duration {
public:
    constexpr saturated() noexcept : Duration(Duration::zero()) {}
    constexpr explicit saturated(typename Duration::rep count) noexcept : Duration(count) {}
    template <typename Rep, typename Period>
    constexpr saturated(std::chrono::duration<Rep, Period> time) noexcept : Duration(detail::clamped<Duration>(time)) {}
};

}  // namespace parley
