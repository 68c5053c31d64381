// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Messages of "bytes" come from "senders" processes, which share a core, to one on another core, over a UNIX stream
// socket each. Each sender numbers its messages; the receiver checks them, and adds up all.
#pragma once

#include "bench.hpp"
#include "numbered.hpp"

#include <cstddef>
#include <vector>

namespace fan_in {

using bench::checked;
using bench::checked_by_sender;
using bench::numbered;

/// Runs `send` in a child for each sender, with a socket of its own, and `receive` here.
void play(bench::run& r, void (*send)(std::size_t bytes, int socket),
          void (*receive)(bench::run& r, std::size_t bytes, const std::vector<int>& sockets));

void with_raw(bench::run& r);
void with_channel(bench::run& r);
void with_asio(bench::run& r);
void with_interprocess(bench::run& r);

}  // namespace fan_in
