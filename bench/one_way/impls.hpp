// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Messages of "bytes" go one way, from another process on another core, for as long as the run lasts, over a UNIX
// stream socket pair where the implementation does not choose. Each begins with its number, which the receiver checks,
// as it does the size.
#pragma once

#include "bench.hpp"
#include "numbered.hpp"

#include <cstddef>

namespace one_way {

using bench::checked;
using bench::numbered;

/// Sends until nobody receives.
using send_function = void (*)(std::size_t bytes, int socket);
/// Receives until the run is over.
using receive_function = void (*)(bench::run& r, std::size_t bytes, int socket);

/// Runs `send` in a child, and kills it at the end.
void play(bench::run& r, send_function send, receive_function receive);

/// The same for implementations that make their own connection, at `path`.
using send_to_function = void (*)(std::size_t bytes, const char* path);
using receive_at_function = void (*)(bench::run& r, std::size_t bytes, const char* path);
void play_at(bench::run& r, send_to_function send, receive_at_function receive);

void with_raw(bench::run& r);
void with_raw_writes(bench::run& r);
void with_channel(bench::run& r);
void with_channel_batch(bench::run& r);
void with_asio(bench::run& r);
void with_interprocess(bench::run& r);

}  // namespace one_way
