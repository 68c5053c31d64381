// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/local.hpp>

#include "core/syscall_message.hpp"

namespace parley {

result<detail::socket_descriptors> detail::make_socket_descriptors(int type) {
    auto ends = sys::socket_pair(type);
    if (!ends) return error(ends.error(), "socket pair");
    return socket_descriptors{std::move(ends->first), std::move(ends->second)};
}

}  // namespace parley
