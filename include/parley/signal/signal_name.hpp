// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Signals by name: "SIGTERM" and its number, both ways.
#pragma once

#include <parley/core/error.hpp>
#include <parley/core/export.hpp>

#include <string>
#include <string_view>

namespace parley {

/// The number of the signal that `text` names.
///
/// Accepts, in any case, "SIGINT" and "INT", the aliases IOT, POLL, CLD and UNUSED, the real-time signals as "RTMIN",
/// "RTMIN+3", "RTMAX-1", "RTMAX" (with or without "SIG"), and a decimal number. The whole text must match: nothing is
/// trimmed. Errors: `errc::unknown_signal`, with the text. Any thread. Source: signal(7).
[[nodiscard]] PARLEY_EXPORT result<int> signal_number(std::string_view text);

/// The name of signal `number`: "SIGINT", "SIGRTMIN", "SIGRTMIN+3", "SIGRTMAX".
///
/// `signal_number` takes it back. Errors: `errc::unknown_signal`, with the number; the numbers that the C library keeps
/// for itself (32 and 33) are unknown. Any thread.
[[nodiscard]] PARLEY_EXPORT result<std::string> signal_name(int number);

}  // namespace parley
