// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Bytes as text, for JSON. Source: RFC 4648, section 4.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace parley::rpc::detail {

inline constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

inline void append_base64(std::string& to, std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t n = bytes.size() - i < 3 ? bytes.size() - i : 3;
        std::uint32_t three = 0;
        for (std::size_t k = 0; k < 3; ++k)
            three = three << 8 | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k) to += k <= n ? base64_digits[three >> (18 - 6 * k) & 63U] : '=';
    }
}

/// False where it is none.
inline bool from_base64(std::string_view text, std::string& into) {
    if (text.size() % 4 != 0) return false;
    into.clear();
    into.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const auto four = text.substr(i, 4);
        std::size_t digits = 4;
        if (i + 4 == text.size()) digits -= four.ends_with("==") ? 2 : four.ends_with('=') ? 1 : 0;
        std::uint32_t bits = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            const auto digit = k < digits ? base64_digits.find(four[k]) : 0;
            if (digit == std::string_view::npos) return false;
            bits = bits << 6 | static_cast<std::uint32_t>(digit);
        }
        for (std::size_t k = 0; k + 1 < digits; ++k) into += static_cast<char>(bits >> (16 - 8 * k) & 255U);
    }
    return true;
}

}  // namespace parley::rpc::detail
