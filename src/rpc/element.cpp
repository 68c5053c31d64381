// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/rpc/element.hpp>

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
    for (const auto& [own, of] : pairs())
        if (own == name) return of;
    return std::nullopt;
}

}  // namespace parley::rpc
