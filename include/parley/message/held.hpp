// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What all channels of a listener may hold together for peers that have not finished what they began.
#pragma once

#include <parley/core/export.hpp>
#include <parley/core/timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

namespace parley {

/// Half of the descriptors that this process may have (RLIMIT_NOFILE, the soft limit).
PARLEY_EXPORT std::size_t half_of_all_descriptors() noexcept;

/// Limits for all channels of a listener together.
struct held_options {
    /// The most bytes of messages that have not come whole. The first 64 KiB of each message are free, and a message
    /// that is alone may have any size that its framing allows. A channel that needs more than is left stops reading
    /// until there is room; those that wait are served in their order. No limit: nullopt.
    std::optional<std::size_t> unfinished_bytes = std::size_t{16} << 20;
    /// How long a message may stay unfinished while another one waits for its room. Then the channel whose message
    /// began first is closed, with `errc::limit_exceeded`.
    saturated<std::chrono::milliseconds> unfinished_timeout{5000};
    /// The most descriptors that have come and that nobody has taken yet. The channel to which more come is closed with
    /// `errc::too_many_descriptors`, and so is the one that has held some for longest, if it was for
    /// `unfinished_timeout` at least. No limit: nullopt.
    std::optional<std::size_t> descriptors = half_of_all_descriptors();
};

/// What the channels of a listener hold now, and what was done about it.
struct held_counters {
    std::size_t unfinished_bytes =
        0;                        ///< that messages have room for which have not come whole, and that were not free
    std::size_t descriptors = 0;  ///< that have come and that nobody has taken yet
    std::uint64_t waits = 0;      ///< how often a channel had to wait for room
    std::uint64_t closed = 0;     ///< channels that were closed for one of the limits
};

/// "16777224 bytes of unfinished messages, 0 descriptors, 2 waits, 0 closed".
PARLEY_EXPORT std::string to_string(const held_counters& counters);
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, const held_counters& counters);

}  // namespace parley
