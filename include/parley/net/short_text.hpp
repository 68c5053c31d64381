// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A text that lies within its object.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <iosfwd>
#include <string_view>

namespace parley {

/// Up to `Capacity` bytes of text, kept in place. Trivially copyable and without a destructor, so that a struct of
/// options may be made with braces anywhere: GCC 12 spoils such a temporary in a co_await expression where a member
/// has a destructor, as std::string has.
///
/// A value: copies, compares, prints. Of a longer text the beginning is kept and `truncated()` is true; whoever takes
/// the options refuses it.
template <std::size_t Capacity>
class short_text {
public:
    static constexpr std::size_t capacity = Capacity;

    constexpr short_text() noexcept = default;
    template <std::convertible_to<std::string_view> Text>
    constexpr short_text(const Text& text) noexcept {
        const std::string_view from(text);
        truncated_ = from.size() > Capacity;
        size_ = truncated_ ? Capacity : from.size();
        for (std::size_t i = 0; i < size_; ++i) bytes_[i] = from[i];
    }

    constexpr std::string_view view() const noexcept { return {bytes_.data(), size_}; }
    constexpr operator std::string_view() const noexcept { return view(); }
    /// With a NUL behind the text.
    constexpr const char* c_str() const noexcept { return bytes_.data(); }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr std::size_t size() const noexcept { return size_; }
    /// More was given than there is room for.
    constexpr bool truncated() const noexcept { return truncated_; }

    friend constexpr bool operator==(const short_text&, const short_text&) noexcept = default;
    template <std::convertible_to<std::string_view> Text>
    friend constexpr bool operator==(const short_text& a, const Text& b) noexcept {
        return !a.truncated_ && a.view() == std::string_view(b);
    }
    friend std::ostream& operator<<(std::ostream& out, const short_text& text) { return out << text.view(); }

private:
    std::array<char, Capacity + 1> bytes_{};
    std::size_t size_ = 0;
    bool truncated_ = false;
};

}  // namespace parley
