// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// One send over a socket of any type, to whom it is connected: what every sending operation is made of.
#pragma once

#include <parley/net/socket_handle.hpp>

#include "core/syscall.hpp"

#include <cstddef>
#include <span>

namespace parley::detail {

/// Sends what there is room for, with the descriptors beside it; gives the bytes that went. A packet goes as a whole.
sys::outcome<std::size_t> send_now(const socket_handle& socket, const buffer_list& bytes, std::span<const int> fds);

}  // namespace parley::detail
