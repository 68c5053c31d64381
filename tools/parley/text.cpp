// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "text.hpp"

#include "core/nearest.hpp"
#include "core/visible.hpp"
#include "rpc/utf8.hpp"

#include <cmath>
#include <cstddef>
#include <utility>

namespace parley::tool {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

void append_byte(std::string& to, char c) {
    const auto byte = static_cast<unsigned char>(c);
    to += digits[byte >> 4];
    to += digits[byte & 15];
}

int hex_value(char c) noexcept {
    c = detail::lower(c);
    if (detail::is_digit(c)) return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// JSON leaves U+007F to U+009F as they are within texts, and a terminal may obey them.
std::string escaped(std::string json) {
    const auto is_one = [&](std::size_t at) {
        const auto c = static_cast<unsigned char>(json[at]);
        return c == 0x7f || (c == 0xc2 && at + 1 < json.size() && static_cast<unsigned char>(json[at + 1]) < 0xa0);
    };
    std::size_t at = 0;
    while (at < json.size() && !is_one(at)) ++at;
    if (at == json.size()) return json;
    std::string text = json.substr(0, at);
    for (; at < json.size(); ++at) {
        if (!is_one(at)) {
            text += json[at];
            continue;
        }
        text += "\\u00";
        if (json[at] != 0x7f) ++at;
        append_byte(text, json[at]);
    }
    return text;
}

class json_text {
public:
    explicit json_text(bool pretty) : pretty_(pretty) {}

    void write(const rpc::value& v) {
        std::visit([this](const auto& held) { one(held); }, v.variant());
    }
    std::string take() { return std::move(to_); }

private:
    void one(double v) { std::isfinite(v) ? scalar(v) : scalar(nullptr); }
    void one(const rpc::extension& v) { write(rpc::object{{"extension", v.type}, {"data", rpc::bytes{v.data}}}); }
    // JSON has no text that is not UTF-8: what is none of it is shown as in all that is printed.
    void one(const std::string& text) { scalar(rpc::detail::is_utf8(text) ? text : without_controls(text)); }
    void one(const rpc::array& list) {
        group('[', ']', list, [this](const rpc::value& v) { write(v); });
    }
    void one(const rpc::object& members) {
        group('{', '}', members, [this](const auto& member) {
            one(member.first);
            to_ += pretty_ ? ": " : ":";
            write(member.second);
        });
    }
    template <typename T>
    void one(const T& v) {
        scalar(v);
    }

    void scalar(rpc::value v) {
        const auto text = rpc::to_json(v);
        to_ += text ? *text : "null";
    }
    template <typename Range, typename F>
    void group(char open, char close, const Range& range, F write_one) {
        to_ += open;
        depth_ += 2;
        bool first = true;
        for (const auto& item : range) {
            if (!std::exchange(first, false)) to_ += ',';
            new_line();
            write_one(item);
        }
        depth_ -= 2;
        if (!first) new_line();
        to_ += close;
    }
    void new_line() {
        if (pretty_) to_.append("\n").append(depth_, ' ');
    }

    bool pretty_;
    std::size_t depth_ = 0;
    std::string to_;
};

}  // namespace

std::string in_quotes(std::string_view text) {
    constexpr std::size_t longest = 80;
    const bool cut = text.size() > longest;
    if (cut) {
        text = text.substr(0, longest);
        for (int n = 0; n < 3 && !rpc::detail::is_utf8(text); ++n) text.remove_suffix(1);
    }
    return "'" + without_controls(text) + (cut ? "...'" : "'");
}

std::string one_of(std::span<const std::string_view> words) {
    std::string list;
    for (const auto word : words) {
        if (!list.empty()) list += word == words.back() ? " or " : ", ";
        list += word;
    }
    return list;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> words) {
    const auto meant = detail::nearest(word, words);
    return meant.empty() ? "" : ", did you mean " + in_quotes(meant) + "?";
}

std::string without_controls(std::string_view bytes) { return detail::visible(bytes); }

std::string to_hex(std::string_view bytes) {
    std::string text;
    text.reserve(2 * bytes.size());
    for (const char c : bytes) append_byte(text, c);
    return text;
}

std::optional<std::string> from_hex(std::string_view text) {
    std::string bytes;
    int high = -1;
    for (const char c : text) {
        if (c == ' ' || c == '\t') continue;
        const int value = hex_value(c);
        if (value < 0) return std::nullopt;
        if (high < 0) {
            high = value;
        } else {
            bytes += static_cast<char>(high << 4 | value);
            high = -1;
        }
    }
    if (high >= 0) return std::nullopt;
    return bytes;
}

std::string message_as_json(std::string_view message) {
    if (rpc::detail::is_utf8(message)) return to_json_text(message, false);
    return to_json_text(rpc::object{{"base64", rpc::bytes{std::string(message)}}}, false);
}

std::string to_json_text(const rpc::value& v, bool pretty) {
    json_text text(pretty);
    text.write(v);
    return escaped(text.take());
}

}  // namespace parley::tool
