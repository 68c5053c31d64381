// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Messages with their length before them: parley's own framing, for any bytes, and with descriptors.
#pragma once

#include <parley/message/framer.hpp>

#include <cstdint>

namespace parley {

/// A header of eight bytes, then the message.
///
///     byte 0 to 3   length of the message in bytes, little-endian, without the header
///     byte 4        version: 1
///     byte 5        flags: 0, no flag is defined in version 1
///     byte 6        how many descriptors come with the message: 0 to 253
///     byte 7        0
///
/// A receiver refuses any other version, flag or number at once, and any length above its limit, so that something else
/// that knocks, such as a web browser, is told by its first eight bytes. Descriptors arrive with the first byte of the
/// header or later bytes of the same frame (SCM_RIGHTS); a channel closes where they come with another frame.
class length_prefix {
public:
    static constexpr std::size_t header_size = 8;
    static constexpr unsigned char version = 1;
    static constexpr unsigned most_descriptors = 253;

    constexpr explicit length_prefix(std::size_t limit = default_message_limit) noexcept
        : limit_(limit < 0xffffffffu ? limit : 0xffffffffu) {}

    parsed_frame parse(std::string_view bytes, std::size_t) const noexcept {
        if (bytes.size() < header_size)
            return bytes.size() > 4 ? check_start(bytes) : parsed_frame::incomplete(header_size);
        const std::size_t length = byte(bytes, 0) | byte(bytes, 1) << 8 | byte(bytes, 2) << 16 |
                                   static_cast<std::size_t>(byte(bytes, 3)) << 24;
        const unsigned descriptors = byte(bytes, 6);
        const bool sound = byte(bytes, 4) == version && byte(bytes, 5) == 0 && descriptors <= most_descriptors &&
                           byte(bytes, 7) == 0 && length <= limit_;
        if (!sound) return refuse(bytes);
        if (bytes.size() - header_size < length) return parsed_frame::incomplete(header_size + length, descriptors);
        return parsed_frame::complete({header_size + length, header_size, length, descriptors});
    }
    parsed_frame parse_end(std::string_view bytes) const noexcept { return detail::truncated(bytes); }

    error_code enclose(std::string_view payload, unsigned descriptors, frame_ends& ends) const noexcept {
        ends.clear();
        if (payload.size() > limit_) return make_error_code(errc::limit_exceeded);
        if (descriptors > most_descriptors) return make_error_code(errc::too_many_descriptors);
        const auto length = static_cast<std::uint32_t>(payload.size());
        const char head[header_size] = {static_cast<char>(length),       static_cast<char>(length >> 8),
                                        static_cast<char>(length >> 16), static_cast<char>(length >> 24),
                                        static_cast<char>(version),      0,
                                        static_cast<char>(descriptors),  0};
        ends.append_head({head, header_size});
        return {};
    }

    std::size_t limit() const noexcept { return limit_; }
    std::size_t overhead() const noexcept { return header_size; }

private:
    static unsigned byte(std::string_view bytes, std::size_t i) noexcept {
        return static_cast<unsigned char>(bytes[i]);
    }
    PARLEY_EXPORT parsed_frame check_start(std::string_view bytes) const noexcept;
    PARLEY_EXPORT parsed_frame refuse(std::string_view bytes) const noexcept;

    std::size_t limit_;
};

}  // namespace parley
