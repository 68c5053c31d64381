// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "core/visible.hpp"

namespace parley::detail {

std::size_t utf8_length(std::string_view text, std::size_t at) noexcept {
    const auto byte = [&](std::size_t i) {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
    };
    const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0u) == 0x80; };
    const unsigned first = byte(0), second = byte(1);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
        return follows(1) && follows(2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
        return follows(1) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

std::string visible(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string shown;
    shown.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_length(text, at);
        const std::size_t taken = length == 0 ? 1 : length;
        // The number of the character, where it may be a control character.
        const auto last = static_cast<unsigned char>(text[at + taken - 1]);
        const bool second_set = last >= 0x80 && last < 0xa0 && (length == 0 || (length == 2 && text[at] == '\xc2'));
        if ((length == 1 && last != '\t' && (last < 0x20 || last == 0x7f)) || second_set) {
            shown += "\\x";
            shown += digits[last >> 4];
            shown += digits[last & 15];
        } else {
            shown += text.substr(at, taken);
        }
        at += taken;
    }
    return shown;
}

}  // namespace parley::detail
