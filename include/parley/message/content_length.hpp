// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Messages with a header of text before them, as language servers have them.
#pragma once

#include <parley/message/framer.hpp>

namespace parley {

/// `Content-Length: N`, CR LF, perhaps other fields, an empty line, then N bytes.
///
/// Names of fields are compared without regard to case. Other fields, such as Content-Type, are passed over, and so is
/// a byte order mark before the header. The header has at most 4 KiB. What cannot be understood, a length that is
/// missing, doubled, signed, or no number, is an error: nobody could say where the next message begins. Source:
/// Language Server Protocol 3.17, "Base Protocol".
class content_length {
public:
    static constexpr std::size_t header_limit = 4096;

    constexpr explicit content_length(std::size_t limit = default_message_limit) noexcept : limit_(limit) {}

    /// What is known of a header that has come whole, and of one that has not, so that bytes that come one by one are
    /// looked at once.
    struct progress {
        std::size_t seen = 0;    // of the header, where it has not come whole
        std::size_t head = 0;    // its size, once it has
        std::size_t length = 0;  // of the message, then
    };

    PARLEY_EXPORT parsed_frame parse(std::string_view bytes, progress& so_far) const noexcept;
    parsed_frame parse(std::string_view bytes, std::size_t) const noexcept {
        progress anew;
        return parse(bytes, anew);
    }
    parsed_frame parse_end(std::string_view bytes) const noexcept { return detail::truncated(bytes); }
    PARLEY_EXPORT error_code enclose(std::string_view payload, unsigned descriptors, frame_ends& ends) const noexcept;

    std::size_t limit() const noexcept { return limit_; }
    std::size_t overhead() const noexcept { return header_limit; }

private:
    std::size_t limit_;
};

}  // namespace parley
