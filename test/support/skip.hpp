// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A test that cannot run here says so, and is no test that has passed.
#pragma once

#include <sstream>
#include <string>

namespace parley::test {

namespace detail_of_skip {
void note(const std::string& reason);
}

/// For a case that finds that it cannot run here, before it returns: it counts as skipped in Boost.Test's report, and
/// the line "skipped: suite/case: reason" is on standard output. The parts of the reason are printed one behind the
/// other. A program whose cases were all skipped ends with 77.
template <typename... Parts>
void skip_case(const Parts&... reason) {
    std::ostringstream text;
    (text << ... << reason);
    detail_of_skip::note(text.str());
}

/// The same for a whole suite, by a fixture of it, in a program that runs no other: ends the program with 77, which
/// CTest takes for "skipped".
[[noreturn]] void skip_program(const std::string& reason);

/// Whether this process has root's rights; where it does not the case is skipped.
bool is_root_or_skip();

/// The observer of main().
void watch_for_skipped_cases();
/// Whether there were cases, and all of them were skipped.
bool all_were_skipped();

}  // namespace parley::test
