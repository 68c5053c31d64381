// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Numbers as JSON writes them, exactly. Source: RFC 8259, section 6.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley::rpc::detail {

/// A number that follows the grammar of JSON. Its digits from the first to the last that is not 0, with a point among
/// them perhaps, are an integer to be multiplied by 10 to the power of `exponent`.
class decimal {
public:
    explicit decimal(std::string_view text) noexcept;

    bool is_zero() const noexcept { return digits_.empty(); }
    bool is_integer() const noexcept { return is_zero() || exponent_ >= 0; }
    /// The number is below 10 to this power, and at least a tenth of it.
    std::int64_t magnitude() const noexcept { return exponent_ + static_cast<std::int64_t>(count_); }
    /// The power of ten that was written does not fit an int.
    bool has_huge_exponent() const noexcept { return huge_; }

    /// The integer that it is, without its sign.
    std::optional<std::uint64_t> absolute_integer() const noexcept;
    std::optional<std::int64_t> integer() const noexcept;
    /// One text for all ways to write a number: "-15e-1".
    std::string canonical() const;

private:
    std::string_view digits_{};
    std::size_t count_ = 0;  // of digits, without a point
    std::int64_t exponent_ = 0;
    bool negative_ = false;
    bool huge_ = false;
};

}  // namespace parley::rpc::detail
