// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a child says, kept within a limit.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/process/run.hpp>
#include <parley/process/stdio.hpp>

#include <boost/asio/readable_pipe.hpp>

#include <cstddef>
#include <string>

namespace parley {

struct captured {
    std::size_t limit = 0;
    capture_overflow policy = capture_overflow::fail;
    bool may_enlarge = false;  // a pipe whose capacity nobody has chosen
    std::string text{};
    bool truncated = false;
};

inline captured plan_capture(const stdio& plan, std::size_t limit, capture_overflow policy) {
    return {limit, policy, plan.what() == stdio::kind::pipe && plan.capacity() == 0};
}

/// Reads `from` to its end. `into` is right at any time, also when the reading is cancelled; call `trim` before its
/// text is given away. Throws system_error: `errc::limit_exceeded`, those of read(2).
task<void> capture(asio::readable_pipe& from, captured& into);

/// Cuts what `keep_tail` holds beyond its limit.
void trim(captured& kept);

/// Does the parent hold the other end of such a stream?
inline bool leads_to_parent(const stdio& plan) noexcept {
    return plan.what() == stdio::kind::pipe || plan.what() == stdio::kind::socket_pair;
}

/// The last bytes of an error output, as `exit_report::error_tail` has them.
std::string tail_of(const std::string& text);

}  // namespace parley
