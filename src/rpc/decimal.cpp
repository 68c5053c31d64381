// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "rpc/decimal.hpp"

#include <algorithm>
#include <limits>

namespace parley::rpc::detail {

decimal::decimal(std::string_view text) noexcept {
    negative_ = text.starts_with('-');
    if (negative_) text.remove_prefix(1);
    std::int64_t power = 0;
    if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
        auto written = text.substr(e + 1);
        text = text.substr(0, e);
        const bool below = written.starts_with('-');
        if (below || written.starts_with('+')) written.remove_prefix(1);
        constexpr std::int64_t most = std::numeric_limits<int>::max();
        for (const char c : written) power = std::min<std::int64_t>(10 * power + (c - '0'), most + 1);
        huge_ = power > most;
        if (below) power = -power;
    }
    const auto first = text.find_first_of("123456789");
    if (first == std::string_view::npos) return;
    const auto last = text.find_last_of("123456789");
    digits_ = text.substr(first, last - first + 1);
    const auto point = std::min(text.find('.'), text.size());
    count_ = digits_.size() - (first < point && point < last ? 1 : 0);
    // How far the last digit lies behind the point, or before it.
    exponent_ =
        power + (last < point ? static_cast<std::int64_t>(point - last) - 1 : -static_cast<std::int64_t>(last - point));
}

std::optional<std::uint64_t> decimal::absolute_integer() const noexcept {
    if (is_zero()) return 0;
    constexpr int most_digits = std::numeric_limits<std::uint64_t>::digits10 + 1;
    if (!is_integer() || magnitude() > most_digits) return std::nullopt;
    std::uint64_t v = 0;
    const auto append = [&v](unsigned digit) {
        return !__builtin_mul_overflow(v, std::uint64_t{10}, &v) && !__builtin_add_overflow(v, digit, &v);
    };
    for (const char c : digits_)
        if (c != '.' && !append(static_cast<unsigned>(c - '0'))) return std::nullopt;
    for (std::int64_t zeros = exponent_; zeros > 0; --zeros)
        if (!append(0)) return std::nullopt;
    return v;
}

std::optional<std::int64_t> decimal::integer() const noexcept {
    const auto v = absolute_integer();
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (!v || *v > most + (negative_ ? 1 : 0)) return std::nullopt;
    return static_cast<std::int64_t>(negative_ ? ~*v + 1 : *v);
}

std::string decimal::canonical() const {
    if (is_zero()) return "0";
    std::string text(negative_ ? "-" : "");
    std::ranges::copy_if(digits_, std::back_inserter(text), [](char c) { return c != '.'; });
    return text + 'e' + std::to_string(exponent_);
}

}  // namespace parley::rpc::detail
