// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Messages with their length before them as protocol buffers have it: a varint.
#pragma once

#include <parley/message/framer.hpp>

namespace parley {

/// The length in groups of seven bits, the lowest first, each but the last with the high bit set; then the message. As
/// `writeDelimitedTo` of protocol buffers has it. Lengths have at most five bytes; a number that is longer than it need
/// be is taken, as others take it. Source: protobuf.dev, Encoding, "Base 128 Varints".
class varint {
public:
    constexpr explicit varint(std::size_t limit = default_message_limit) noexcept
        : limit_(limit < 0xffffffffu ? limit : 0xffffffffu) {}

    PARLEY_EXPORT parsed_frame parse(std::string_view bytes, std::size_t examined) const noexcept;
    parsed_frame parse_end(std::string_view bytes) const noexcept { return detail::truncated(bytes); }
    PARLEY_EXPORT error_code enclose(std::string_view payload, unsigned descriptors, frame_ends& ends) const noexcept;

    std::size_t limit() const noexcept { return limit_; }
    std::size_t overhead() const noexcept { return 5; }

private:
    std::size_t limit_;
};

}  // namespace parley
