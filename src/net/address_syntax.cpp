// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "net/address_syntax.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace parley::detail {
namespace {

constexpr std::string_view upper_digits = "0123456789ABCDEF";

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_visible(char c) noexcept { return c > 0x20 && c < 0x7f; }
// Shown as itself in a message.
bool is_plain(char c) noexcept { return (is_visible(c) || c == ' ') && c != '\'' && c != '\\'; }

int hex_value(char c) noexcept {
    if (is_digit(c)) return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// \x0a and %0A.
void append_hex(std::string& to, std::string_view sign, char c) {
    const auto byte = static_cast<unsigned char>(c);
    to += sign;
    to += upper_digits[byte >> 4];
    to += upper_digits[byte & 15];
}

}  // namespace

std::string quote(std::string_view text) {
    constexpr std::size_t longest = 80;
    std::string quoted = "'";
    for (const char c : text) {
        if (quoted.size() > longest) return quoted + "...'";
        if (is_plain(c))
            quoted += c;
        else
            append_hex(quoted, "\\x", c);
    }
    return quoted + "'";
}

std::string quote_byte(char c) {
    if (is_plain(c)) return {'\'', c, '\''};
    std::string text;
    append_hex(text, "byte 0x", c);
    return text;
}

std::string encode(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    for (const char c : bytes) {
        if (is_visible(c) && c != '%' && c != '?' && c != '&' && c != '=')
            text += c;
        else
            append_hex(text, "%", c);
    }
    return text;
}

checked<std::string> decode(std::string_view text, std::string_view reserved) {
    std::string bytes;
    bytes.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '%') {
            const int high = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0) return flaw{i, "expected two hexadecimal digits behind '%'; '%' itself is %25"};
            bytes += static_cast<char>(high << 4 | low);
            i += 2;
        } else if (is_control(c) || reserved.find(c) != std::string_view::npos) {
            std::string written;
            append_hex(written, "%", c);
            return flaw{i, quote_byte(c) + " must be written " + written};
        } else {
            bytes += c;
        }
    }
    return bytes;
}

std::size_t encoded_offset(std::string_view text, std::size_t index) noexcept {
    std::size_t at = 0;
    for (; index > 0 && at < text.size(); --index) at += text[at] == '%' ? 3 : 1;
    return std::min(at, text.size());
}

checked<std::uint64_t> parse_number(std::string_view text, std::string_view what, std::uint64_t low, std::uint64_t high,
                                    unsigned base) {
    const std::string name(what);
    const auto digit = [base](char c) { return c >= '0' && static_cast<unsigned>(c - '0') < base; };
    const std::string expected = name + ": expected " + (base == 8 ? "octal" : "decimal") + " digits";
    if (text.empty()) return flaw{0, expected};
    if (const auto odd = std::ranges::find_if_not(text, digit); odd != text.end())
        return flaw{static_cast<std::size_t>(odd - text.begin()), expected + ", found " + quote_byte(*odd)};

    std::uint64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, static_cast<int>(base));
    if (parsed.ec != std::errc{}) {
        constexpr std::size_t longest = 24;
        return flaw{0, name + " " + std::string(text.substr(0, longest)) + (text.size() > longest ? "..." : "") +
                           " is greater than " + write_number(high, base)};
    }
    if (auto wrong = check_number(value, what, low, high, base)) return *wrong;
    return value;
}

std::optional<flaw> check_number(std::uint64_t value, std::string_view what, std::uint64_t low, std::uint64_t high,
                                 unsigned base) {
    const auto is = [&] { return std::string(what) + " " + write_number(value, base); };
    if (value > high) return flaw{0, is() + " is greater than " + write_number(high, base)};
    if (value < low) return flaw{0, is() + " is less than " + write_number(low, base)};
    return std::nullopt;
}

std::string write_number(std::uint64_t value, unsigned base) {
    std::array<char, 24> block;
    const auto end = std::to_chars(block.data(), block.data() + block.size(), value, static_cast<int>(base)).ptr;
    std::string text = base == 8 && value != 0 ? "0" : "";
    return text.append(block.data(), end);
}

std::optional<flaw> check_path(std::string_view path) {
    if (path.empty()) return flaw{0, "expected a path"};
    if (const auto nul = path.find('\0'); nul != std::string_view::npos)
        return flaw{nul, "a path cannot contain a NUL byte"};
    if (path.size() > longest_path)
        return flaw{longest_path, "a path has at most 107 bytes, this one has " + std::to_string(path.size())};
    return std::nullopt;
}

std::optional<flaw> check_abstract_name(std::string_view name) {
    if (name.empty()) return flaw{0, "expected an abstract name"};
    if (name.size() > longest_path)
        return flaw{longest_path,
                    "an abstract name has at most 107 bytes, this one has " + std::to_string(name.size())};
    return std::nullopt;
}

// What systemd accepts as FileDescriptorName=, except that one cannot ask for no name.
std::optional<flaw> check_systemd_name(std::string_view name) {
    constexpr std::size_t longest = 255;
    if (name.empty()) return flaw{0, "expected the name of a socket"};
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] == ':' || !(is_visible(name[i]) || name[i] == ' '))
            return flaw{i, "the name of a socket has ASCII characters and no ':', found " + quote_byte(name[i])};
    }
    if (name.size() > longest)
        return flaw{longest, "the name of a socket has at most 255 bytes, this one has " + std::to_string(name.size())};
    return std::nullopt;
}

// What the kernel accepts, less what would have to be quoted in a text. Nobody names an interface so.
std::optional<flaw> check_interface(std::string_view name) {
    constexpr std::size_t longest = 15;  // IFNAMSIZ - 1
    if (name.empty()) return flaw{0, "expected the name of an interface"};
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (!is_visible(name[i]) || std::string_view("/:%?&=[]").find(name[i]) != std::string_view::npos)
            return flaw{i, "the name of an interface cannot contain " + quote_byte(name[i])};
    }
    if (name == "." || name == "..") return flaw{0, quote(name) + " is not the name of an interface"};
    if (name.size() > longest)
        return flaw{longest,
                    "the name of an interface has at most 15 bytes, this one has " + std::to_string(name.size())};
    if (std::ranges::all_of(name, is_digit)) {
        const auto index =
            parse_number(name, "interface", 1, static_cast<std::uint64_t>(std::numeric_limits<int>::max()));
        if (!index) return index.error();
    }
    return std::nullopt;
}

std::optional<flaw> check_owner(std::string_view name) {
    constexpr std::size_t longest = 63;
    if (name.empty()) return flaw{0, "expected a name or a number"};
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (is_control(name[i]) || name[i] == ':')
            return flaw{i, "a name of a user or group cannot contain " + quote_byte(name[i])};
    }
    if (name.size() > longest)
        return flaw{longest,
                    "a name of a user or group has at most 63 bytes, this one has " + std::to_string(name.size())};
    if (std::ranges::all_of(name, is_digit)) {
        // The greatest number means "leave it as it is" to chown(2).
        const auto id = parse_number(name, "number", 0, std::numeric_limits<std::uint32_t>::max() - 1);
        if (!id) return id.error();
    }
    return std::nullopt;
}

}  // namespace parley::detail
