// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A call with a string of 32 bytes and an integer, to which another process answers with the same; "in_flight" of them
// at a time. Each call has a number, in the string and as the integer, by which its answer is checked.
#pragma once

#include "bench.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rpc_echo {

/// What a call carries.
struct words {
    std::string_view text;
    std::int32_t number;
};

/// The call of a number: printable, because not every library carries all bytes in a string.
class call {
public:
    explicit call(std::int32_t number);

    std::int32_t number() const { return number_; }
    words asked() const { return {{text_.data(), text_.size()}, number_}; }
    /// Throws where it is not what was asked.
    void check(const words& answer) const;

private:
    std::int32_t number_;
    std::array<char, 32> text_;
};

/// One side: `ask` calls until the run is over, `answer` answers until it is killed. They close the socket.
using ask_function = void (*)(bench::run& r, long in_flight, int socket);
using answer_function = void (*)(int socket);

/// Runs `ask` here and `answer` in a child, over a UNIX stream socket pair.
void play(bench::run& r, ask_function ask, answer_function answer);

/// The same for implementations that make their own connection, at `path`.
using ask_at_function = void (*)(bench::run& r, long in_flight, const char* path);
using answer_at_function = void (*)(const char* path);
void play_at(bench::run& r, ask_at_function ask, answer_at_function answer);

/// For those that carry bytes only: the number, then the text.
using packed = std::array<char, sizeof(std::int32_t) + 32>;
packed pack(const words& what);
words unpack(std::string_view bytes);

void with_raw(bench::run& r);
void with_message_pack(bench::run& r);
void with_message_pack_busy(bench::run& r);
void with_json(bench::run& r);
void with_json_busy(bench::run& r);

}  // namespace rpc_echo
