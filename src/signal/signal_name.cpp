// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/signal/signal_catalogue.hpp>
#include <parley/signal/signal_name.hpp>

#include <charconv>
#include <csignal>
#include <optional>

namespace parley {
namespace {

struct alias {
    std::string_view name;
    int number;
};

const alias aliases[] = {
    {"IOT", SIGIOT},
    {"POLL", SIGPOLL},
    {"CLD", SIGCHLD},
    {"UNUSED", SIGSYS},
};

char upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool starts_with(std::string_view text, std::string_view prefix) noexcept {
    if (text.size() < prefix.size()) return false;
    for (std::size_t i = 0; i < prefix.size(); ++i)
        if (upper(text[i]) != prefix[i]) return false;
    return true;
}

bool same(std::string_view text, std::string_view name) noexcept {
    return text.size() == name.size() && starts_with(text, name);
}

// Digits and nothing else.
std::optional<int> parse_number(std::string_view text) noexcept {
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    int value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// "RTMIN", "RTMIN+n", "RTMAX-n", "RTMAX".
std::optional<int> parse_real_time(std::string_view text) noexcept {
    const int lowest = SIGRTMIN, highest = SIGRTMAX;
    const bool from_min = starts_with(text, "RTMIN");
    if (!from_min && !starts_with(text, "RTMAX")) return std::nullopt;
    text.remove_prefix(5);
    if (text.empty()) return from_min ? lowest : highest;
    if (text.front() != (from_min ? '+' : '-')) return std::nullopt;
    const auto offset = parse_number(text.substr(1));
    if (!offset || *offset > highest - lowest) return std::nullopt;
    return from_min ? lowest + *offset : highest - *offset;
}

std::string quote(std::string_view text) {
    constexpr std::size_t longest = 40;
    std::string quoted = "signal \"";
    quoted += text.substr(0, longest);
    quoted += text.size() > longest ? "...\"" : "\"";
    return quoted;
}

}  // namespace

result<int> signal_number(std::string_view text) {
    if (const auto number = parse_number(text); number && find_signal(*number)) return *number;
    std::string_view name = text;
    if (starts_with(name, "SIG")) name.remove_prefix(3);
    if (const auto number = parse_real_time(name)) return *number;
    for (const auto& row : signal_catalogue())
        if (same(name, row.name.substr(3))) return row.number;
    for (const auto& other : aliases)
        if (same(name, other.name)) return other.number;
    return error(errc::unknown_signal, quote(text));
}

result<std::string> signal_name(int number) {
    if (const auto* row = find_signal(number)) return std::string(row->name);
    return error(errc::unknown_signal, "signal " + std::to_string(number));
}

}  // namespace parley
