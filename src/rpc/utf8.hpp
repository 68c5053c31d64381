// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What is text and what is not. Source: RFC 3629.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace parley::rpc::detail {

/// How many bytes of it are, from the first on.
inline std::size_t valid_utf8(std::string_view v) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(v[i]); };
    const auto follows = [&](std::size_t i) { return i < v.size() && (byte(i) & 0xC0U) == 0x80U; };
    std::size_t i = 0;
    while (i < v.size()) {
        if (v.size() - i >= 8) {  // most text is ASCII
            std::uint64_t eight;
            std::memcpy(&eight, v.data() + i, 8);
            if ((eight & 0x8080808080808080U) == 0) {
                i += 8;
                continue;
            }
        }
        const unsigned char c = byte(i);
        if (c < 0x80) {
            i += 1;
        } else if (c >= 0xC2 && c <= 0xDF) {
            if (!follows(i + 1)) return i;
            i += 2;
        } else if (c >= 0xE0 && c <= 0xEF) {
            if (!follows(i + 1) || !follows(i + 2)) return i;
            if ((c == 0xE0 && byte(i + 1) < 0xA0) || (c == 0xED && byte(i + 1) > 0x9F)) return i;  // surrogates
            i += 3;
        } else if (c >= 0xF0 && c <= 0xF4) {
            if (!follows(i + 1) || !follows(i + 2) || !follows(i + 3)) return i;
            if ((c == 0xF0 && byte(i + 1) < 0x90) || (c == 0xF4 && byte(i + 1) > 0x8F)) return i;
            i += 4;
        } else {
            return i;
        }
    }
    return i;
}

inline bool is_utf8(std::string_view v) noexcept { return valid_utf8(v) == v.size(); }

}  // namespace parley::rpc::detail
