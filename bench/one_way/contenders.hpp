// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Messages of "bytes" go one way, from another process on another core, for as long as the run lasts, over a UNIX
// stream socket pair where the contender does not choose. Each begins with its number, which the receiver checks, as it
// does the size.
#pragma once

#include "bench.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace one_way {

/// The next message to send.
class numbered {
public:
    explicit numbered(std::size_t bytes) : bytes_(bytes, 'm') {}

    std::string_view next() {
        std::memcpy(bytes_.data(), &number_, sizeof number_);
        ++number_;
        return {bytes_.data(), bytes_.size()};
    }

private:
    std::vector<char> bytes_;
    std::uint64_t number_ = 0;
};

/// What the receiver does with each message.
class checked {
public:
    checked(bench::run& r, std::size_t bytes) : run_(r), bytes_(bytes), every_(bytes < 4096 ? 256 : 1) {}

    /// False when the run is over.
    bool take(std::string_view message) {
        std::uint64_t number = 0;
        bench::require(message.size() == bytes_, "a message of another size has come");
        std::memcpy(&number, message.data(), sizeof number);
        bench::require(number == number_++, "messages are missing, doubled or out of order");
        if (number_ % every_ != 0) return true;  // the clock is not asked for each
        return run_.add(static_cast<double>(every_));
    }

private:
    bench::run& run_;
    std::size_t bytes_;
    std::uint64_t every_;
    std::uint64_t number_ = 0;
};

/// Sends until nobody receives.
using send_function = void (*)(std::size_t bytes, int socket);
/// Receives until the run is over.
using receive_function = void (*)(bench::run& r, std::size_t bytes, int socket);

/// Runs `send` in a child, and kills it at the end.
void play(bench::run& r, send_function send, receive_function receive);

/// The same for contenders that make their own connection, at `path`.
using send_to_function = void (*)(std::size_t bytes, const char* path);
using receive_at_function = void (*)(bench::run& r, std::size_t bytes, const char* path);
void play_at(bench::run& r, send_to_function send, receive_at_function receive);

void with_raw(bench::run& r);
void with_raw_writes(bench::run& r);
void with_channel(bench::run& r);
void with_channel_batch(bench::run& r);
void with_asio(bench::run& r);
void with_libuv(bench::run& r);
void with_zeromq(bench::run& r);

}  // namespace one_way
