// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/rpc/codec.hpp>

#include "rpc/base64.hpp"
#include "rpc/steps.hpp"
#include "rpc/tape.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <sstream>

namespace parley::rpc {
namespace {

constexpr std::size_t most_shown = 40;

// What was found, short enough for an error text.
std::string shown(element found) {
    switch (found.kind()) {
        case kind::boolean:
            return *found.boolean() ? "true" : "false";
        case kind::integer:
        case kind::number: {
            std::ostringstream out;
            out << value(found);
            return out.str();
        }
        case kind::text: {
            const auto text = *found.text();
            std::ostringstream out;
            out << value(text.substr(0, most_shown));
            return out.str() + (text.size() > most_shown ? "…" : "");
        }
        default:
            return std::string(to_string(found.kind()));
    }
}

}  // namespace

encoder::~encoder() = default;

bool decode_error::failed(std::string text) {
    text_ = std::move(text);
    return false;
}

bool decode_error::expected(std::string_view what, element found) {
    return failed(std::string(what) + " was expected, not " + shown(found));
}

bool decode_error::within(std::size_t index) {
    std::string outer = "[";
    outer += std::to_string(index);
    outer += ']';
    place_ = outer + place_;
    return false;
}

bool decode_error::within(std::string_view name) {
    const bool plain = !name.empty() && std::ranges::all_of(name, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
    });
    std::ostringstream outer;
    if (plain)
        outer << '.' << name.substr(0, most_shown);
    else
        outer << '[' << value(name.substr(0, most_shown)) << ']';
    place_ = outer.str() + place_;
    return false;
}

bool decode_error::begin_attempts(element from, std::size_t types) {
    if (reads_left_) return false;
    // Types that are told apart by the kind of a value cost one attempt each for every value around it.
    constexpr std::uint64_t at_least = 1024;
    reads_left_ = at_least + detail::deepest_nesting * types * from.node()->nodes_with;
    return true;
}

bool decode_error::may_try(element from) {
    const std::uint64_t values = from.node()->nodes_with;
    if (*reads_left_ < values) return false;
    detail::steps += values;
    *reads_left_ -= values;
    return true;
}

decode_error decode_error::attempt() const {
    decode_error one;
    one.reads_left_ = reads_left_;
    return one;
}

std::string decode_error::message(std::string_view root) const {
    return std::string(root) + place_ + (root.empty() && place_.empty() ? "" : ": ") + text_;
}

namespace detail {

value schema_of_type(const char* type) { return object{{"type", type}}; }

bool refuse_integer(element from, std::int64_t least, std::uint64_t most, decode_error& why) {
    if (from.kind() != kind::integer && !from.whole_number()) return why.expected("an integer", from);
    return why.expected("an integer from " + std::to_string(least) + " to " + std::to_string(most), from);
}

bool decode_float(element from, float& into, decode_error& why) {
    const auto v = from.nearest_float();
    if (!v) return why.expected("a number", from);
    if (std::isinf(*v) && std::isfinite(*from.number())) return why.expected("a number that a float holds", from);
    into = *v;
    return true;
}

bool decode_bytes(element from, std::string& into, decode_error& why) {
    if (const auto v = from.binary()) {
        into = *v;
        return true;
    }
    const auto text = from.text();
    if (!text) return why.expected("bytes", from);
    if (from.is_raw_text()) {
        into = *text;
        return true;
    }
    if (!from_base64(*text, into)) return why.expected("text in base64", from);
    return true;
}

}  // namespace detail
}  // namespace parley::rpc
