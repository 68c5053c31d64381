// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A message of "bytes" goes to another process over a UNIX stream socket pair and comes back. Both sides
// work in the same way.
#pragma once

#include "bench.hpp"

#include <cstddef>

namespace ping_pong {

/// Two sockets that are connected to each other. Both are closed by `play`.
struct ends {
    int here;
    int there;
};
ends make_ends();

/// One side: `ask` sends first and does so until the run is over; `echo` sends back what comes until the end comes.
/// They close the socket.
using ask_function = void (*)(bench::run& r, std::size_t bytes, int socket);
using echo_function = void (*)(std::size_t bytes, int socket);

/// Runs `ask` here and `echo` in a child.
void play(bench::run& r, ends of, ask_function ask, echo_function echo);

/// The same for implementations that make their own connection, at `path`. `echo` is killed at the end.
using ask_at_function = void (*)(bench::run& r, std::size_t bytes, const char* path);
using echo_at_function = void (*)(std::size_t bytes, const char* path);
void play_at(bench::run& r, ask_at_function ask, echo_at_function echo);

void with_raw(bench::run& r);
void with_raw_epoll(bench::run& r);
void with_raw_tries(bench::run& r);
void with_raw_spin(bench::run& r);
void with_raw_epoll_spin(bench::run& r);
void with_asio_callbacks(bench::run& r);
void with_asio(bench::run& r);
void with_interprocess(bench::run& r);
void with_parley(bench::run& r);
void with_parley_busy(bench::run& r);
void with_channel(bench::run& r);
void with_channel_busy(bench::run& r);

}  // namespace ping_pong
