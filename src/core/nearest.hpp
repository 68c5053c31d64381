// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What was probably meant, where a word is none of those that are known: for messages. A header alone, so that the tool
// can use it, too.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <span>
#include <string_view>

namespace parley::detail {

// Not those of <cctype>, which ask the locale.
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// The longest word that is taken for a misspelt one.
inline constexpr std::size_t longest_word = 24;

/// How many letters must be changed, added, taken away or swapped with their neighbour to come from one word to the
/// other, in any case. Both have at most `longest_word` letters.
inline std::size_t distance(std::string_view from, std::string_view to) {
    std::array<std::size_t, longest_word + 1> before_last{}, last{}, row{};
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= from.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= to.size(); ++j) {
            const bool same = lower(from[i - 1]) == to[j - 1];
            row[j] = std::min({row[j - 1] + 1, last[j] + 1, last[j - 1] + (same ? 0 : 1)});
            if (i > 1 && j > 1 && lower(from[i - 1]) == to[j - 2] && lower(from[i - 2]) == to[j - 1])
                row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
        before_last = last;
        last = row;
    }
    return last[to.size()];
}

/// The word that `word` was probably meant to be, in whatever case; empty when none is near. `words` have at most
/// `longest_word` letters.
inline std::string_view nearest(std::string_view word, std::span<const std::string_view> words) {
    if (word.size() > longest_word) return {};
    std::string_view best;
    std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const auto candidate : words) {
        const auto steps = distance(word, candidate);
        if (steps >= least || steps >= candidate.size()) continue;
        least = steps;
        best = candidate;
    }
    return best;
}

}  // namespace parley::detail
