// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Messages of "bytes" go from one process to "receivers" others, which share another core, over a UNIX stream socket
// each where the implementation does not choose. What goes to one receiver has numbers of its own; it checks them, and
// the size. The messages of all are added up.
#pragma once

#include "bench.hpp"
#include "numbered.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fan_out {

using bench::numbered;

/// What one of the receivers has received. When its run is over it says so once, and goes on receiving until it is
/// killed, so that nobody else waits because of it.
class received {
public:
    received(bench::run& r, std::size_t bytes, int report) : run_(r), messages_(r, bytes), report_(report) {}

    /// True always.
    bool take(std::string_view message) {
        if (!messages_.take(message) && !reported_) report();
        return true;
    }

private:
    void report();

    bench::run& run_;
    bench::checked messages_;
    int report_;
    bool reported_ = false;
};

/// Runs `send` in a child with a socket for each receiver, and `receive` in a child for each of them. Both go on until
/// they are killed.
void play(bench::run& r, void (*send)(std::size_t bytes, const std::vector<int>& sockets),
          void (*receive)(received& messages, std::size_t bytes, int socket));

/// The same for implementations that make their own connections, at a path for each receiver.
void play_at(bench::run& r, void (*send)(std::size_t bytes, const std::vector<std::string>& paths),
             void (*receive)(received& messages, std::size_t bytes, const std::string& path));

/// Receives as it is done by system calls alone.
void receive_frames(received& messages, std::size_t bytes, int socket);

void with_raw(bench::run& r);
void with_channel(bench::run& r);
void with_asio(bench::run& r);

}  // namespace fan_out
