// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/rpc/element.hpp>

#include "rpc/steps.hpp"

#include <cmath>
#include <limits>
#include <ostream>

namespace parley::rpc {
namespace detail {

const node no_value{};

}  // namespace detail

std::string_view to_string(kind what) noexcept {
    switch (what) {
        case kind::null:
            return "null";
        case kind::boolean:
            return "a boolean";
        case kind::integer:
            return "an integer";
        case kind::number:
            return "a number";
        case kind::text:
            return "text";
        case kind::binary:
            return "bytes";
        case kind::extension:
            return "an extension";
        case kind::array:
            return "an array";
        case kind::map:
            return "a map";
    }
    return "a value of no known kind";
}

std::ostream& operator<<(std::ostream& out, kind what) { return out << to_string(what); }

std::optional<element> element::find(std::string_view name) const noexcept {
    std::size_t left = size();
    for (const auto& [own, of] : pairs()) {
        --left;
        if (own == name) {
            detail::steps += size() - left;
            return of;
        }
    }
    if (at_->what == rpc::kind::map) detail::steps += size();
    return std::nullopt;
}

std::optional<float> element::nearest_float() const noexcept {
    if (const auto v = integer()) return static_cast<float>(*v);
    if (const auto v = unsigned_integer()) return static_cast<float>(*v);
    const auto v = number();
    if (!v) return std::nullopt;
    constexpr auto infinity = std::numeric_limits<float>::infinity();
    const auto near = static_cast<float>(*v);
    if (!at_->is_other_float) return near;
    return std::nextafter(near, static_cast<double>(near) < *v ? infinity : -infinity);
}

}  // namespace parley::rpc
