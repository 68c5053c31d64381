// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a pseudo-terminal begins with.
#pragma once

#include <parley/core/export.hpp>

#include <iosfwd>
#include <string>

namespace parley {

/// In characters. Source: ioctl_tty(2), TIOCSWINSZ.
struct window_size {
    unsigned short rows = 24;
    unsigned short columns = 80;

    friend bool operator==(const window_size&, const window_size&) = default;
};

/// "24 x 80", rows by columns.
PARLEY_EXPORT std::string to_string(window_size size);
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, window_size size);

struct pty_options {
    window_size size{};
    /// Off: bytes pass unchanged. On: the terminal echoes, edits lines (by characters of UTF-8), turns newlines into CR
    /// LF and makes signals of control characters, as a person expects. Source: termios(3), cfmakeraw, IUTF8.
    bool line_discipline = false;

    friend bool operator==(const pty_options&, const pty_options&) = default;
};

}  // namespace parley
