// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/varint.hpp>

#include "message/framing.hpp"

namespace parley {

parsed_frame varint::parse(std::string_view bytes, std::size_t) const noexcept {
    constexpr std::size_t longest = 5;
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < longest; ++i) {
        if (i == bytes.size()) return parsed_frame::incomplete(i + 1, 0);
        const auto byte = static_cast<unsigned char>(bytes[i]);
        length |= std::uint64_t{byte & 0x7fu} << (7 * i);
        if (byte & 0x80u) continue;
        if (length > limit_) return parsed_frame::failed(errc::limit_exceeded, 0, detail::too_long);
        const std::size_t head = i + 1;
        if (bytes.size() - head < length) return parsed_frame::incomplete(head + length, 0);
        return parsed_frame::complete(
            {head + static_cast<std::size_t>(length), head, static_cast<std::size_t>(length)});
    }
    return parsed_frame::failed(errc::invalid_frame, longest, "a length of more than five bytes");
}

error_code varint::enclose(std::string_view payload, unsigned descriptors, frame_ends& ends) const noexcept {
    ends.clear();
    if (payload.size() > limit_) return make_error_code(errc::limit_exceeded);
    std::size_t rest = payload.size();
    for (; rest >= 0x80; rest >>= 7) ends.append_head(static_cast<char>((rest & 0x7f) | 0x80));
    ends.append_head(static_cast<char>(rest));
    return detail::refuse_descriptors(descriptors);
}

}  // namespace parley
