// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Messages that are values in MessagePack, one behind the other with nothing between them.
#pragma once

#include <parley/message/framer.hpp>

#include <cstddef>
#include <cstdint>

namespace parley {

/// A message is one value, whole: its end is found by walking over it, without memory for its depth. What is in it is
/// not looked at. To send one that is no single value is `errc::invalid_argument`.
/// Source: github.com/msgpack/msgpack, spec.md.
class message_pack {
public:
    constexpr explicit message_pack(std::size_t limit = default_message_limit) noexcept : limit_(limit) {}

    /// How far the walk has come, so that bytes that come one by one are walked over once.
    struct progress {
        std::uint64_t at = 0;
        std::uint64_t values_to_come = 1;
    };

    PARLEY_EXPORT parsed_frame parse(std::string_view bytes, progress& so_far) const noexcept;
    parsed_frame parse(std::string_view bytes, std::size_t) const noexcept {
        progress anew;
        return parse(bytes, anew);
    }
    parsed_frame parse_end(std::string_view bytes) const noexcept { return detail::truncated(bytes); }
    PARLEY_EXPORT error_code enclose(std::string_view payload, unsigned descriptors, frame_ends& ends) const noexcept;

    std::size_t limit() const noexcept { return limit_; }
    std::size_t overhead() const noexcept { return 0; }

private:
    std::size_t limit_;
};

}  // namespace parley
