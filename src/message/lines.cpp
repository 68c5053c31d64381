// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/lines.hpp>

#include "message/framing.hpp"

namespace parley {

parsed_frame lines::parse(std::string_view bytes, std::size_t examined) const noexcept {
    return detail::delimited{'\n', true, limit_}.parse(bytes, examined);
}

parsed_frame lines::parse_end(std::string_view bytes) const noexcept {
    if (bytes.empty()) return parsed_frame::incomplete(1);  // no line has begun
    const std::size_t length = bytes.size() - (bytes.ends_with('\r') ? 1 : 0);
    if (length > limit_) return parsed_frame::failed(errc::limit_exceeded, limit_, detail::too_long);
    return parsed_frame::complete({bytes.size(), 0, length});
}

error_code lines::enclose(std::string_view payload, unsigned descriptors, frame_ends& ends) const noexcept {
    ends.clear();
    if (end_ == line_end::crlf) ends.append_tail('\r');
    ends.append_tail('\n');
    return detail::delimited{'\n', true, limit_}.check(payload, descriptors);
}

}  // namespace parley
