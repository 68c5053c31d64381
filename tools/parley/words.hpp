// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Command lines within options: `--child 'server --verbose'`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace parley::tool {

/// The words of a command line, as sh(1) divides them: by blanks, with '…', "…" and \x. Nothing is expanded: `*`, `?`
/// and
/// `[` are what they are, and where a shell would do something (`$`, a backquote, `~` before a word, `|`, `;`, `&`,
/// `<`,
/// `>`, parentheses) unless it is quoted, that is an error.
///
/// Throws `usage_error`; `option` is named in it: "--child 'a | b', byte 2: …". There is at least one word.
std::vector<std::string> split_words(std::string_view option, std::string_view line);

}  // namespace parley::tool
