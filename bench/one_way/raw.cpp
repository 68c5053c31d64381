// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "plain_frames.hpp"

namespace one_way {
namespace {

void send_each(std::size_t bytes, int socket) { bench::send_frames(bytes, socket, 1); }

void receive(bench::run& r, std::size_t bytes, int socket) {
    checked messages(r, bytes);
    bench::frame_reader in(bytes);
    while (in.read_some(socket, messages)) {}
}

}  // namespace

void with_raw(bench::run& r) { play(r, bench::send_gathered, receive); }
void with_raw_writes(bench::run& r) { play(r, send_each, receive); }

}  // namespace one_way
