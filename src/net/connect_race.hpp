// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Happy eyeballs: of several addresses of one host the one that answers first.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/net/address.hpp>
#include <parley/net/protocol.hpp>

#include <chrono>
#include <vector>

namespace parley {

/// Connects to the first of `places` (TCP, by number) that answers. Each next attempt
/// begins `delay` after the one before, or at once when none is under way any more. Throws the error of the last that
/// failed. All other attempts are closed, also after a cancellation.
task<detail::open_connection> first_to_connect(executor io, std::vector<address> places,
                                               std::chrono::milliseconds delay);

}  // namespace parley
