// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Messages that end with a NUL byte, as those of varlink.
#pragma once

#include <parley/message/framer.hpp>

namespace parley {

/// A message is what comes before a NUL byte. One with a NUL in it cannot be sent: `errc::invalid_argument`.
/// Source: varlink.org, "Wire Protocol".
class nul_terminated {
public:
    constexpr explicit nul_terminated(std::size_t limit = default_message_limit) noexcept : limit_(limit) {}

    PARLEY_EXPORT parsed_frame parse(std::string_view bytes, std::size_t examined) const noexcept;
    parsed_frame parse_end(std::string_view bytes) const noexcept { return detail::truncated(bytes); }
    PARLEY_EXPORT error_code enclose(std::string_view payload, unsigned descriptors, frame_ends& ends) const noexcept;

    std::size_t limit() const noexcept { return limit_; }
    std::size_t overhead() const noexcept { return 1; }

private:
    std::size_t limit_;
};

}  // namespace parley
