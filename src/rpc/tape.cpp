// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "rpc/tape.hpp"

#include <parley/rpc/codec_base.hpp>

#include "rpc/decimal.hpp"
#include "rpc/steps.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <sstream>
#include <utility>
#include <variant>

namespace parley::rpc::detail {
namespace {

// Whether the float nearest to what was written is another one than the float nearest to `v`, the nearest double: that
// can be where `v` lies in the middle between two floats, and what was written does not.
bool is_other_float(double v, std::string_view digits) noexcept {
    using limits = std::numeric_limits<float>;
    constexpr std::uint64_t low_bits = (std::uint64_t{1} << 29) - 1, middle = std::uint64_t{1} << 28;
    const bool normal = std::abs(v) >= static_cast<double>(limits::min());
    if (normal && (std::bit_cast<std::uint64_t>(v) & low_bits) != middle) return false;
    const auto near = static_cast<float>(v);
    float exact = near;
    std::from_chars(digits.data(), digits.data() + digits.size(), exact);
    return exact != near;
}

}  // namespace

void tape::number(double v, std::string_view digits) {
    auto& n = add(kind::number);
    n.number = v;
    n.size = static_cast<std::uint32_t>(digits.size());
    n.is_other_float = is_other_float(v, digits);
    if (std::abs(v) >= 0x1p64 || v != std::trunc(v)) return;
    const auto written = decimal(digits).absolute_integer();
    if (!written) return;
    const auto held = static_cast<double>(*written);
    n.is_whole = held < 0x1p64 && static_cast<std::uint64_t>(held) == *written;
}

// Each name in a map is there once. Few are compared with each other, many are looked for in a table.
void tape::check_names(std::uint32_t map) {
    constexpr std::size_t few = 8;
    const auto place_of = [this](element of) { return static_cast<std::uint32_t>(of.node() - nodes_.data()) - 1; };
    const element own(nodes_.data() + map);
    steps += own.size();
    if (own.size() <= few) {
        std::array<std::string_view, few> seen;
        std::size_t n = 0;
        for (const auto& [name, of] : own.pairs()) {
            if (std::find(seen.begin(), seen.begin() + n, name) != seen.begin() + n) return twice(place_of(of));
            seen[n++] = name;
        }
        return;
    }
    names_.clear(own.size());
    for (const auto& [name, of] : own.pairs())
        if (names_.add(name, place_of(of), [this](std::size_t at) { return name_at(at); }) != name_table::none)
            return twice(place_of(of));
}

const bad_part* tape::bad_in(element of) const noexcept {
    const auto first = static_cast<std::size_t>(of.node() - nodes_.data());
    if (nodes_.empty() || first == 0) return bad_in_all();
    const auto it = std::ranges::lower_bound(bad_, first, {}, &bad_part::node);
    return it == bad_.end() || it->node >= first + of.node()->nodes_with ? nullptr : &*it;
}

std::string tape::describe(const bad_part& part) const {
    return "byte " + std::to_string(part.at) + ": " + reason(part);
}

std::string tape::reason(const bad_part& part) const {
    if (part.what != bad_part::kind::twice) return part.why;
    constexpr std::size_t most_shown = 40;
    std::ostringstream name;
    name << value(name_at(part.node).substr(0, most_shown));
    return "the name " + name.str() + " comes twice";
}

std::string tape::place_of(const bad_part& part, element from) const {
    std::vector<std::variant<std::size_t, std::string_view>> way;
    const auto number = [this](element e) { return static_cast<std::size_t>(e.node() - nodes_.data()); };
    const auto holds = [&](element e) {
        return number(e) <= part.node && part.node < number(e) + e.node()->nodes_with;
    };
    for (bool deeper = true; std::exchange(deeper, false);) {
        std::size_t index = 0;
        for (const element one : from) {
            if (holds(one)) {
                way.emplace_back(index);
                from = one;
                deeper = true;
                break;
            }
            ++index;
        }
        if (deeper) continue;
        for (const auto& [name, of] : from.pairs()) {
            deeper = holds(of);
            if (!deeper && part.node + 1 != number(of)) continue;
            if (deeper || part.what == bad_part::kind::twice) way.emplace_back(name);
            if (deeper) from = of;
            break;
        }
    }
    decode_error place;
    for (auto it = way.rbegin(); it != way.rend(); ++it) std::visit([&](auto step) { place.within(step); }, *it);
    return place.place().starts_with('.') ? place.place().substr(1) : place.place();
}

}  // namespace parley::rpc::detail
