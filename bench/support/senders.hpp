// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Processes that send, and this one, which receives and measures.
#pragma once

#include <cstddef>
#include <functional>

namespace bench {

/// Runs `send(i)` in a child for each of `senders`, all on the core before the last, and `receive()` here, on the last
/// core. Kills the children at the end. What `receive` throws goes on.
void with_senders(std::size_t senders, const std::function<void(std::size_t sender)>& send,
                  const std::function<void()>& receive);

}  // namespace bench
