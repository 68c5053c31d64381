// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What several framers have in common.
#pragma once

#include <parley/message/framer.hpp>

namespace parley::detail {

inline constexpr const char* too_long = "the message is longer than the limit";

/// Of framings that carry no descriptors: an error where there are some.
inline error_code refuse_descriptors(unsigned count) noexcept {
    return count == 0 ? error_code() : make_error_code(errc::too_many_descriptors);
}

/// Messages that end with a byte, which may not be within one; a CR in front of it is no part of the message where
/// `drop_cr` says so.
struct delimited {
    char delimiter;
    bool drop_cr;
    std::size_t limit;

    parsed_frame parse(std::string_view bytes, std::size_t examined) const noexcept;
    error_code check(std::string_view payload, unsigned descriptors) const noexcept;
};

}  // namespace parley::detail
