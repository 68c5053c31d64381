// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Processes that send, and this one, which receives and measures.
#pragma once

#include "bench.hpp"

#include <cstddef>
#include <functional>

namespace bench {

/// Runs `work(i)` in a child for each of `children`, and `here()` in this process. Kills the children at the end. What
/// `here` throws goes on.
void with_children(std::size_t children, const std::function<void(std::size_t child)>& work,
                   const std::function<void()>& here);

/// Runs `send(i)` in a child for each of `senders`, all of them there, and `receive()` here.
void with_senders(cpus where, std::size_t senders, const std::function<void(std::size_t sender)>& send,
                  const std::function<void()>& receive);

}  // namespace bench
