// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Text of others, as a terminal may be given it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace parley::detail {

/// The length of the UTF-8 sequence that `text` begins with; 0 where it is none.
inline std::size_t utf8_length(std::string_view text) noexcept {
    const auto at = [&](std::size_t n) { return n < text.size() ? static_cast<unsigned char>(text[n]) : 0U; };
    const unsigned first = at(0);
    if (first < 0x80) return text.empty() ? 0 : 1;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4) return 0;
    // Overlong forms, surrogates, and what lies above U+10FFFF.
    const unsigned low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const unsigned high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (at(1) < low || at(1) > high) return 0;
    for (std::size_t n = 2; n < length; ++n)
        if ((at(n) & 0xc0) != 0x80) return 0;
    return length;
}

/// `text` with control characters as \xNN: those below U+0020 but tabs, U+007F to U+009F, which some terminals obey as
/// they do ESC, and bytes that are no UTF-8.
inline std::string printable(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string shown;
    shown.reserve(text.size());
    const auto escape = [&](char c) {
        const auto byte = static_cast<unsigned char>(c);
        shown += "\\x";
        shown += digits[byte >> 4];
        shown += digits[byte & 15];
    };
    while (!text.empty()) {
        const auto length = utf8_length(text);
        const auto first = static_cast<unsigned char>(text[0]);
        if (length == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0)
            escape(text[1]);
        else if (length == 0 || first == 0x7f || (first < 0x20 && first != '\t'))
            escape(text[0]);
        else
            shown += text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return shown;
}

}  // namespace parley::detail
