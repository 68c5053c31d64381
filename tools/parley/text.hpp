// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Pieces of text: quoted for messages, hexadecimal, JSON for people.
#pragma once

#include <parley/rpc/value.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace parley::tool {

/// In single quotes, without control characters, and only the beginning of a long one.
std::string in_quotes(std::string_view text);
/// "a, b or c"
std::string one_of(std::span<const std::string_view> words);
/// ", did you mean 'x'?" where one of `words` is near; otherwise nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> words);

/// Control characters but tabs, those of U+0080 to U+009F too, and bytes that are no UTF-8 as \xNN, for a terminal.
std::string without_controls(std::string_view bytes);

std::string to_hex(std::string_view bytes);
/// Nothing where it is none: an odd number of digits, or something else between them. Blanks are passed over.
std::optional<std::string> from_hex(std::string_view text);

/// A message as one line of JSON: text, or {"base64": …} where it is no UTF-8.
std::string message_as_json(std::string_view message);

/// The value as JSON; what JSON has not becomes something that it has: an extension {"extension": n, "data": …}, a
/// number that is none null. Control characters are escaped, all of them. `pretty`: indented, otherwise one line.
std::string to_json_text(const rpc::value& v, bool pretty);

}  // namespace parley::tool
