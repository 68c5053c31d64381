// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/length_prefix.hpp>

#include "message/framing.hpp"

namespace parley {

parsed_frame length_prefix::check_start(std::string_view bytes) const noexcept {
    if (byte(bytes, 4) != version) return refuse(bytes);
    return parsed_frame::incomplete(header_size);
}

parsed_frame length_prefix::refuse(std::string_view bytes) const noexcept {
    const auto failed = [](std::size_t at, const char* what) {
        return parsed_frame::failed(errc::invalid_frame, at, what);
    };
    if (byte(bytes, 4) != version) return failed(4, "version 1 was expected");
    if (byte(bytes, 5) != 0) return failed(5, "a flag that version 1 does not have");
    if (byte(bytes, 6) > most_descriptors) return failed(6, "more than 253 descriptors");
    if (byte(bytes, 7) != 0) return failed(7, "0 was expected");
    return parsed_frame::failed(errc::limit_exceeded, 0, detail::too_long);
}

}  // namespace parley
