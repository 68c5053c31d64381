// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Names of hosts to addresses.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/net/address.hpp>

#include <vector>

namespace parley {

/// The same TCP or UDP address once for each number of its host, with its options, the families in turn (RFC 8305,
/// section 4); 64 at the most. Where the host is a number that is all. At least one, or an exception: `host_not_found`
/// and others.
///
/// Looks up in a thread of Asio's. A cancellation is obeyed at once; the thread ends when getaddrinfo(3) does.
task<std::vector<address>> resolve(executor io, address a);

}  // namespace parley
