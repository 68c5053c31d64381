// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/framer.hpp>

#include "message/framing.hpp"

namespace parley {

std::string parsed_frame::context() const { return "byte " + std::to_string(at) + ": " + what; }

parsed_frame detail::truncated(std::string_view bytes) noexcept {
    if (bytes.empty()) return parsed_frame::incomplete(1);  // no message has begun
    return parsed_frame::failed(errc::truncated_frame, bytes.size(), "the stream ends within a message");
}

parsed_frame detail::delimited::parse(std::string_view bytes, std::size_t examined) const noexcept {
    const auto end = bytes.find(delimiter, examined);
    const bool found = end != std::string_view::npos;
    const std::size_t size = found ? end : bytes.size();
    const bool cr = drop_cr && size > 0 && bytes[size - 1] == '\r';
    const std::size_t length = size - (cr ? 1 : 0);  // a CR at the end may be part of the delimiter yet
    if (length > limit) return parsed_frame::failed(errc::limit_exceeded, limit, too_long);
    if (!found) return parsed_frame::incomplete(bytes.size() + 1, 0);
    return parsed_frame::complete({end + 1, 0, length});
}

error_code detail::delimited::check(std::string_view payload, unsigned descriptors) const noexcept {
    if (payload.size() > limit) return make_error_code(errc::limit_exceeded);
    if (payload.find(delimiter) != std::string_view::npos || (drop_cr && payload.ends_with('\r')))
        return make_error_code(errc::invalid_argument);
    return refuse_descriptors(descriptors);
}

}  // namespace parley
