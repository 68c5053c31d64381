// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/nul_terminated.hpp>

#include "message/framing.hpp"

namespace parley {

parsed_frame nul_terminated::parse(std::string_view bytes, std::size_t examined) const noexcept {
    return detail::delimited{'\0', false, limit_}.parse(bytes, examined);
}

error_code nul_terminated::enclose(std::string_view payload, unsigned descriptors, frame_ends& ends) const noexcept {
    ends.clear();
    ends.append_tail('\0');
    return detail::delimited{'\0', false, limit_}.check(payload, descriptors);
}

}  // namespace parley
