// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The command line, taken apart: options by name, and the operands between them.
#pragma once

#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::tool {

struct option_row {
    std::string_view name;     ///< without the dashes
    char letter = 0;           ///< its short form; 0: none
    std::string_view value{};  ///< what stands for its value in the help; empty: it has none
    std::string_view help;
    bool repeats = false;
};

/// A command of the tool, as its help shows it.
struct command_row {
    std::string_view name;
    std::string_view operands;  ///< "ADDRESS METHOD [ARGUMENT...]"
    std::string_view summary;
    std::span<const option_row> options;
    std::size_t most_operands;
    std::string_view details;  ///< printed behind the options
};

/// What stands on a command line. Views into it: the words must stay.
class command_line {
public:
    /// Options may stand anywhere before "--". "-5" is an operand: a number. Throws `usage_error`.
    command_line(const command_row& command, std::span<const std::string_view> words);

    const std::vector<std::string_view>& operands() const noexcept { return operands_; }
    /// The operand at `index`, called `name` where it is missing: throws `usage_error`.
    std::string_view operand(std::size_t index, std::string_view name) const;

    bool has(std::string_view option) const noexcept;
    std::optional<std::string_view> value(std::string_view option) const noexcept;
    std::vector<std::string_view> values(std::string_view option) const;

    /// Of options that do not go together, two that are given: throws `usage_error`.
    void exclude(std::string_view one, std::string_view other) const;

    /// The place of the value in `allowed`; nothing where the option is not given. Throws `usage_error`.
    std::optional<std::size_t> choice(std::string_view option, std::span<const std::string_view> allowed) const;
    std::optional<std::size_t> number(std::string_view option, std::size_t low,
                                      std::size_t high = std::numeric_limits<int>::max()) const;
    /// A time such as 250ms, 2s, 1.5s, 5m, 1h.
    std::optional<std::chrono::milliseconds> duration(std::string_view option) const;

private:
    const option_row& find_long(std::string_view name, std::string_view word) const;
    const option_row& find_letter(char letter, std::string_view word) const;
    void add(const option_row& row, std::string_view value);

    const command_row& command_;
    std::vector<std::string_view> operands_;
    std::vector<std::pair<const option_row*, std::string_view>> given_;
};

/// "2 s", "250 ms": as messages say it.
std::string to_text(std::chrono::milliseconds time);

}  // namespace parley::tool
