// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "options.hpp"

#include "core/nearest.hpp"
#include "failure.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

namespace parley::tool {
namespace {

bool is_operand(std::string_view word) noexcept {
    return word.size() < 2 || word[0] != '-' || detail::is_digit(word[1]);
}

}  // namespace

command_line::command_line(const command_row& command, std::span<const std::string_view> words) : command_(command) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto word = words[i];
        const auto value_of = [&](const option_row& row) {
            if (i + 1 == words.size())
                throw usage_error("--" + std::string(row.name) + ": expected " + std::string(row.value) + " behind it");
            return words[++i];
        };
        if (word == "--") {
            operands_.insert(operands_.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
            break;
        }
        if (is_operand(word)) {
            operands_.push_back(word);
        } else if (word.starts_with("--")) {
            const auto name = word.substr(2, word.find('=') == word.npos ? word.npos : word.find('=') - 2);
            const auto& row = find_long(name, word);
            const bool with_value = name.size() + 2 < word.size();
            if (with_value && row.value.empty())
                throw usage_error("--" + std::string(name) + " has no value, found " + in_quotes(word));
            add(row, row.value.empty() ? "" : with_value ? word.substr(name.size() + 3) : value_of(row));
        } else {
            for (std::size_t j = 1; j < word.size(); ++j) {
                const auto& row = find_letter(word[j], word);
                if (row.value.empty()) {
                    add(row, "");
                    continue;
                }
                add(row, j + 1 < word.size() ? word.substr(j + 1) : value_of(row));
                break;
            }
        }
    }
    if (operands_.size() > command_.most_operands && !has("help"))
        throw usage_error(in_quotes(operands_[command_.most_operands]) + " is too much: expected " +
                          std::string(command_.operands));
}

const option_row& command_line::find_long(std::string_view name, std::string_view word) const {
    const auto row = std::ranges::find(command_.options, name, &option_row::name);
    if (row != command_.options.end()) return *row;
    std::vector<std::string_view> names;
    for (const auto& known : command_.options) names.push_back(known.name);
    const auto meant = detail::nearest(name, names);
    throw usage_error("unknown option " + in_quotes(word.substr(0, name.size() + 2)) +
                      (meant.empty() ? "" : ", did you mean '--" + std::string(meant) + "'?"));
}

const option_row& command_line::find_letter(char letter, std::string_view word) const {
    const auto row = std::ranges::find(command_.options, letter, &option_row::letter);
    if (row != command_.options.end()) return *row;
    throw usage_error("unknown option '-" + std::string(1, letter) + "' in " + in_quotes(word) +
                      "; an operand that begins with - goes behind --");
}

void command_line::add(const option_row& row, std::string_view value) {
    if (!row.repeats && !row.value.empty() && has(row.name))
        throw usage_error("--" + std::string(row.name) + " is given twice");
    given_.emplace_back(&row, value);
}

std::string_view command_line::operand(std::size_t index, std::string_view name) const {
    if (index < operands_.size()) return operands_[index];
    throw usage_error(std::string(name) + " is missing: expected " + std::string(command_.operands));
}

bool command_line::has(std::string_view option) const noexcept { return value(option).has_value(); }

std::optional<std::string_view> command_line::value(std::string_view option) const noexcept {
    for (const auto& [row, value] : given_)
        if (row->name == option) return value;
    return std::nullopt;
}

std::vector<std::string_view> command_line::values(std::string_view option) const {
    std::vector<std::string_view> all;
    for (const auto& [row, value] : given_)
        if (row->name == option) all.push_back(value);
    return all;
}

void command_line::exclude(std::string_view one, std::string_view other) const {
    if (has(one) && has(other))
        throw usage_error("--" + std::string(one) + " and --" + std::string(other) + " do not go together");
}

std::optional<std::size_t> command_line::choice(std::string_view option,
                                                std::span<const std::string_view> allowed) const {
    const auto given = value(option);
    if (!given) return std::nullopt;
    const auto found = std::ranges::find(allowed, *given);
    if (found != allowed.end()) return static_cast<std::size_t>(found - allowed.begin());
    throw usage_error("--" + std::string(option) + " " + in_quotes(*given) + ": expected " + one_of(allowed) +
                      did_you_mean(*given, allowed));
}

std::optional<std::size_t> command_line::number(std::string_view option, std::size_t low, std::size_t high) const {
    const auto given = value(option);
    if (!given) return std::nullopt;
    std::size_t number = 0;
    const auto end = given->data() + given->size();
    const auto parsed = std::from_chars(given->data(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end && number >= low && number <= high) return number;
    throw usage_error("--" + std::string(option) + " " + in_quotes(*given) + ": expected a number from " +
                      std::to_string(low) + " to " + std::to_string(high));
}

std::optional<std::chrono::milliseconds> command_line::duration(std::string_view option) const {
    struct unit {
        std::string_view name;
        double milliseconds;
    };
    static constexpr std::array units{unit{"ms", 1}, unit{"s", 1000}, unit{"m", 60'000}, unit{"h", 3'600'000}};
    constexpr double longest = 1000.0 * 3'600'000;

    const auto given = value(option);
    if (!given) return std::nullopt;
    double number = 0;
    const auto end = given->data() + given->size();
    const auto parsed = std::from_chars(given->data(), end, number, std::chars_format::fixed);
    const std::string_view name(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
    const auto found = std::ranges::find(units, name, &unit::name);
    if (parsed.ec == std::errc() && found != units.end()) {
        const double time = number * found->milliseconds;
        if (time >= 1 && time <= longest) return std::chrono::milliseconds(static_cast<long>(time + 0.5));
    }
    throw usage_error("--" + std::string(option) + " " + in_quotes(*given) +
                      ": expected a time from 1ms to 1000h, such as 250ms, 2s, 5m or 1h");
}

std::string to_text(std::chrono::milliseconds time) {
    if (time.count() % 1000 == 0) return std::to_string(time.count() / 1000) + " s";
    return std::to_string(time.count()) + " ms";
}

}  // namespace parley::tool
