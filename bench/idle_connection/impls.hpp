// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Accepts "connections" UNIX stream connections and holds them: how many bytes each takes of this process's heap, as
// mallinfo2(3) counts them, with what malloc adds. With "reading" each waits for something to read. The clients are
// bare sockets and take nothing.
#pragma once

#include "bench.hpp"

#include <vector>

namespace idle {

/// Connects, and leaves the sockets open until the end.
class clients {
public:
    clients() = default;
    clients(const clients&) = delete;
    clients& operator=(const clients&) = delete;
    ~clients();
    void connect_one(const bench::place& to);

private:
    std::vector<int> sockets_;
};

/// What is in use of the heap now.
double heap_in_use();

void with_asio(bench::run& r);
void with_parley(bench::run& r);
void with_parley_generic(bench::run& r);
void with_channel(bench::run& r);
void with_channel_callbacks(bench::run& r);

}  // namespace idle
