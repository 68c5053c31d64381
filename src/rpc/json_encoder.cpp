// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "rpc/json_encoder.hpp"

#include "rpc/base64.hpp"
#include "rpc/utf8.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace parley::rpc::detail {
namespace {

template <typename T>
void append_number(std::string& to, T v) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), v).ptr;
    to.append(digits.data(), end);
}

constexpr bool plain(unsigned char c) { return c >= 0x20 && c != '"' && c != '\\'; }

}  // namespace

void json_encoder::null() {
    separate();
    *to_ += "null";
}

void json_encoder::boolean(bool v) {
    separate();
    *to_ += v ? "true" : "false";
}

void json_encoder::integer(std::int64_t v) {
    separate();
    append_number(*to_, v);
}

void json_encoder::unsigned_integer(std::uint64_t v) {
    separate();
    append_number(*to_, v);
}

void json_encoder::number(double v) {
    if (std::isfinite(v)) {
        separate();
        const auto before = to_->size();
        append_number(*to_, v);
        // It stays a number, not an integer, for those who tell them apart.
        if (std::string_view(*to_).substr(before).find_first_of(".en") == std::string_view::npos) *to_ += ".0";
    } else if (who_ == for_people) {
        text(std::isnan(v) ? "<not a number>" : v > 0 ? "<infinity>" : "<-infinity>");
    } else {
        fail("JSON has no infinity, and nothing that is not a number");
        null();
    }
}

void json_encoder::text(std::string_view v) {
    separate();
    quote(v);
}

void json_encoder::binary(std::string_view bytes) {
    separate();
    *to_ += '"';
    append_base64(*to_, bytes);
    *to_ += '"';
}

void json_encoder::extension(std::int8_t type, std::string_view bytes) {
    if (who_ == for_people)
        return text("<extension " + std::to_string(type) + ", " + std::to_string(bytes.size()) + " bytes>");
    fail("JSON has no extensions");
    null();
}

void json_encoder::begin_array(std::size_t) {
    separate();
    *to_ += '[';
}

void json_encoder::end_array() { *to_ += ']'; }

void json_encoder::begin_map(std::size_t) {
    separate();
    *to_ += '{';
}

void json_encoder::name(std::string_view v) {
    separate();
    quote(v);
    *to_ += ':';
}

void json_encoder::end_map() { *to_ += '}'; }

void json_encoder::quote(std::string_view v) {
    if (!is_utf8(v)) {
        if (who_ == for_programs) fail("text is not UTF-8; bytes want the type bytes");
        *to_ += who_ == for_people ? "\"<bytes that are no text>\"" : "\"\"";
        return;
    }
    *to_ += '"';
    std::size_t from = 0;
    for (std::size_t i = 0; i < v.size(); ++i) {
        const auto c = static_cast<unsigned char>(v[i]);
        if (plain(c)) continue;
        to_->append(v, from, i - from);
        from = i + 1;
        switch (c) {
            case '"':
                *to_ += "\\\"";
                break;
            case '\\':
                *to_ += "\\\\";
                break;
            case '\n':
                *to_ += "\\n";
                break;
            case '\r':
                *to_ += "\\r";
                break;
            case '\t':
                *to_ += "\\t";
                break;
            default:
                constexpr std::string_view hex = "0123456789abcdef";
                *to_ += "\\u00";
                *to_ += hex[c >> 4];
                *to_ += hex[c & 15U];
        }
    }
    to_->append(v, from);
    *to_ += '"';
}

}  // namespace parley::rpc::detail
