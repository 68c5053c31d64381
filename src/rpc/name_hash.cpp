// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "rpc/name_hash.hpp"

#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <random>

namespace parley::rpc::detail {
namespace {

using hash_key = std::array<std::uint64_t, 2>;

hash_key new_key() noexcept {
    hash_key made{};
    try {
        std::random_device random;
        for (auto& half : made) half = std::uint64_t{random()} << 32 | random();
    } catch (...) {  // without a source of randomness: what is hard to know from outside
        made = {static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()),
                reinterpret_cast<std::uintptr_t>(&made)};
    }
    return made;
}

struct sip_state {
    std::uint64_t a, b, c, d;

    void round() noexcept {
        a += b;
        b = std::rotl(b, 13) ^ a;
        a = std::rotl(a, 32);
        c += d;
        d = std::rotl(d, 16) ^ c;
        a += d;
        d = std::rotl(d, 21) ^ a;
        c += b;
        b = std::rotl(b, 17) ^ c;
        c = std::rotl(c, 32);
    }
    void take(std::uint64_t word) noexcept {
        d ^= word;
        round();
        a ^= word;
    }
};

}  // namespace

std::uint64_t hash_of_name(std::string_view name) noexcept {
    static const hash_key k = new_key();
    sip_state s{k[0] ^ 0x736f6d6570736575U, k[1] ^ 0x646f72616e646f6dU, k[0] ^ 0x6c7967656e657261U,
                k[1] ^ 0x7465646279746573U};
    std::size_t at = 0;
    for (; name.size() - at >= 8; at += 8) {
        std::uint64_t word;
        std::memcpy(&word, name.data() + at, 8);
        s.take(word);
    }
    std::uint64_t last = std::uint64_t{name.size()} << 56;
    for (std::size_t i = 0; at + i < name.size(); ++i)
        last |= std::uint64_t{static_cast<unsigned char>(name[at + i])} << (8 * i);
    s.take(last);
    s.c ^= 0xff;
    for (int i = 0; i < 3; ++i) s.round();
    return s.a ^ s.b ^ s.c ^ s.d;
}

}  // namespace parley::rpc::detail
