// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/flags.hpp>

#include "core/syscall_message.hpp"

#include <string>

namespace parley {

result<bool> detail::at_urgent_mark(int socket) {
    const auto at = sys::is_at_mark(socket);
    if (!at) return error(at.error(), "urgent mark of socket " + std::to_string(socket));
    return *at != 0;
}

}  // namespace parley
