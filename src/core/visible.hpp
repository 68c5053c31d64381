// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Text that others have written, on its way to a person: a log, a terminal, the message of an error.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace parley::detail {

/// `text` with each control character as \xNN, but for tabs: nothing in it ends a line or is an order to a terminal.
/// Also U+0080 to U+009F, in UTF-8 and as single bytes. What else is no UTF-8 stays.
std::string visible(std::string_view text);

/// The length of the UTF-8 sequence at `at` (RFC 3629); 0 where there is none.
std::size_t utf8_length(std::string_view text, std::size_t at) noexcept;

}  // namespace parley::detail
