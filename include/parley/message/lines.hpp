// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Messages that are lines of text.
#pragma once

#include <parley/message/framer.hpp>

namespace parley {

/// What ends the lines that are sent. Received lines may end either way.
enum class line_end : unsigned char {
    lf,
    crlf,
};

/// A message is a line, without its end: LF, or CR LF. The last line of a stream needs none. A message with a newline
/// in it cannot be sent: `errc::invalid_argument`; nor one that ends with CR, which would come back without it.
class lines {
public:
    constexpr explicit lines(std::size_t limit = default_message_limit, line_end end = line_end::lf) noexcept
        : limit_(limit), end_(end) {}

    PARLEY_EXPORT parsed_frame parse(std::string_view bytes, std::size_t examined) const noexcept;
    PARLEY_EXPORT parsed_frame parse_end(std::string_view bytes) const noexcept;
    PARLEY_EXPORT error_code enclose(std::string_view payload, unsigned descriptors, frame_ends& ends) const noexcept;

    std::size_t limit() const noexcept { return limit_; }
    std::size_t overhead() const noexcept { return 2; }

private:
    std::size_t limit_;
    line_end end_;
};

}  // namespace parley
