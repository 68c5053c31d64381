// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "contenders.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

// A message is its length, four bytes, and its bytes.

namespace one_way {
namespace {

constexpr std::size_t block = std::size_t{64} << 10;

void write_all(int socket, const char* data, std::size_t size) {
    while (size != 0) {
        const auto n = bench::check(static_cast<int>(::send(socket, data, size, MSG_NOSIGNAL)), "send");
        data += n;
        size -= static_cast<std::size_t>(n);
    }
}

void append(std::vector<char>& to, std::string_view message) {
    const auto length = static_cast<std::uint32_t>(message.size());
    const auto at = to.size();
    to.resize(at + sizeof length + message.size());
    std::memcpy(to.data() + at, &length, sizeof length);
    std::memcpy(to.data() + at + sizeof length, message.data(), message.size());
}

template <bool Gather>
void send(std::size_t bytes, int socket) {
    numbered messages(bytes);
    std::vector<char> out;
    out.reserve(block + bytes + 4);
    for (;;) {
        append(out, messages.next());
        if (Gather && out.size() < block) continue;
        write_all(socket, out.data(), out.size());
        out.clear();
    }
}

void receive(bench::run& r, std::size_t bytes, int socket) {
    checked messages(r, bytes);
    std::vector<char> in(std::max(block, 2 * (bytes + 4)));
    std::size_t have = 0;
    for (;;) {
        const auto n = bench::check(static_cast<int>(::recv(socket, in.data() + have, in.size() - have, 0)), "recv");
        bench::require(n != 0, "the other side has ended");
        have += static_cast<std::size_t>(n);
        std::size_t at = 0;
        std::uint32_t length = 0;
        while (have - at >= sizeof length) {
            std::memcpy(&length, in.data() + at, sizeof length);
            if (have - at - sizeof length < length) break;
            if (!messages.take({in.data() + at + sizeof length, length})) return;
            at += sizeof length + length;
        }
        std::memmove(in.data(), in.data() + at, have - at);
        have -= at;
    }
}

}  // namespace

void with_raw(bench::run& r) { play(r, send<true>, receive); }
void with_raw_writes(bench::run& r) { play(r, send<false>, receive); }

}  // namespace one_way
