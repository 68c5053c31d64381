// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Counts the work that grows with what a peer sends, for tests that compare it with the size of the message.
#pragma once

#include <cstdint>

namespace parley::rpc::detail {

/// Values, names and bytes that this thread has looked at, each time that it has. A loop adds its turns at its end.
inline constinit thread_local std::uint64_t steps = 0;

}  // namespace parley::rpc::detail
