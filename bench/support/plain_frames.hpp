// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Messages as system calls alone carry them: the length in four bytes, then the bytes.
#pragma once

#include "bench.hpp"
#include "numbered.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include <sys/socket.h>

namespace bench {

inline constexpr std::size_t block = std::size_t{64} << 10;

inline void write_all(int socket, const char* data, std::size_t size) {
    while (size != 0) {
        const auto n = check(static_cast<int>(::send(socket, data, size, MSG_NOSIGNAL)), "send");
        data += n;
        size -= static_cast<std::size_t>(n);
    }
}

inline void append_frame(std::vector<char>& out, std::string_view message) {
    const auto length = static_cast<std::uint32_t>(message.size());
    const auto at = out.size();
    out.resize(at + sizeof length + message.size());
    std::memcpy(out.data() + at, &length, sizeof length);
    std::memcpy(out.data() + at + sizeof length, message.data(), message.size());
}

/// Sends for ever, a write for each `gather` bytes or message.
inline void send_frames(std::size_t bytes, int socket, std::size_t gather) {
    numbered messages(bytes);
    std::vector<char> out;
    out.reserve(block + bytes + 4);
    for (;;) {
        append_frame(out, messages.next());
        if (out.size() < gather) continue;
        write_all(socket, out.data(), out.size());
        out.clear();
    }
}

inline void send_gathered(std::size_t bytes, int socket) { send_frames(bytes, socket, block); }

/// Takes messages out of what is read.
class frame_reader {
public:
    explicit frame_reader(std::size_t bytes) : in_(std::max(block, 2 * (bytes + 4))) {}

    /// Reads once, and gives `messages.take` each message. False when that is.
    template <typename Messages>
    bool read_some(int socket, Messages& messages) {
        const auto n = check(static_cast<int>(::recv(socket, in_.data() + have_, in_.size() - have_, 0)), "recv");
        require(n != 0, "the other side has ended");
        return take(static_cast<std::size_t>(n), messages);
    }

    /// Where `take` expects what is read elsewhere.
    char* data() { return in_.data() + have_; }
    std::size_t room() const { return in_.size() - have_; }

    template <typename Messages>
    bool take(std::size_t n, Messages& messages) {
        have_ += n;
        std::size_t at = 0;
        std::uint32_t length = 0;
        while (have_ - at >= sizeof length) {
            std::memcpy(&length, in_.data() + at, sizeof length);
            if (have_ - at - sizeof length < length) break;
            if (!messages.take({in_.data() + at + sizeof length, length})) return false;
            at += sizeof length + length;
        }
        std::memmove(in_.data(), in_.data() + at, have_ - at);
        have_ -= at;
        return true;
    }

private:
    std::vector<char> in_;
    std::size_t have_ = 0;
};

}  // namespace bench
