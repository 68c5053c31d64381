// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Text that others have written, on its way to a person: a log, a terminal, the message of an error.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace parley::detail {

/// The length of the UTF-8 sequence at `at` (RFC 3629); 0 where there is none.
inline std::size_t utf8_length(std::string_view text, std::size_t at) noexcept {
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

/// `text` with each control character as \xNN, but for tabs: nothing in it ends a line or is an order to a terminal.
/// Also U+0080 to U+009F, which some terminals obey as they do ESC, and bytes that are no UTF-8.
inline std::string visible(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string shown;
    shown.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_length(text, at);
        const std::size_t taken = length == 0 ? 1 : length;
        // The number of the character, where it may be a control character.
        const auto last = static_cast<unsigned char>(text[at + taken - 1]);
        const bool second_set = last < 0xa0 && length == 2 && text[at] == '\xc2';
        if (length == 0 || second_set || (length == 1 && last != '\t' && (last < 0x20 || last == 0x7f))) {
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
