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
    /// The most bytes that have come of messages that are not whole, counted in steps of 64 KiB. No limit: nullopt.
    ///
    /// The first 64 KiB of each message are free. They are also the most that an idle channel keeps to read into. A
    /// message that has come whole holds no room, however long the program works on it.
    ///
    /// A channel whose message needs more room than is left stops reading. The message that took room first never
    /// waits: a message that is alone may have any size that its framing allows, and all channels together hold this
    /// limit and one message at the most. The others go on in the order in which they first asked for room. A channel
    /// stops waiting when its receive is cancelled, when it shuts down or closes, and within 100 ms when its peer ends
    /// its side of the connection.
    std::optional<std::size_t> unfinished_bytes = std::size_t{16} << 20;
    /// How long a message may hold room while another one waits for room. The time in which the message itself waits
    /// for room does not count. Then the message gives way: its channel loses its room at once, its current or next
    /// receive ends with `errc::limit_exceeded`, and the channel is closed. One message gives way at a time, the one
    /// whose time ran out first.
    saturated<std::chrono::milliseconds> unfinished_timeout{5000};
    /// The most descriptors that have come and that the program has not taken. No limit: nullopt.
    ///
    /// The channel to which more come is closed with `errc::too_many_descriptors`. Then the channel that has held some
    /// for longest gives way as above, if it has held some for `unfinished_timeout` at least: its descriptors are
    /// closed at once, and messages that bring descriptors and have not been received are lost.
    std::optional<std::size_t> descriptors = half_of_all_descriptors();
};

/// What the channels of a listener hold now, and what was done about it.
struct held_counters {
    std::size_t unfinished_bytes = 0;  ///< the room of messages that have not come whole, beyond what is free
    std::size_t descriptors = 0;       ///< that have come and that the program has not taken
    std::uint64_t waits = 0;           ///< how often a channel had to wait for room
    std::uint64_t closed = 0;          ///< channels that were closed for one of the limits
};

/// "16777216 bytes of unfinished messages, 0 descriptors, 2 waits, 0 closed".
PARLEY_EXPORT std::string to_string(const held_counters& counters);
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, const held_counters& counters);

}  // namespace parley
