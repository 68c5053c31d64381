// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/stop_policy.hpp>

#include <parley/core/timer.hpp>

#include "process/text.hpp"

#include <ostream>

namespace parley {

std::string to_string(const stop_policy& policy) {
    const std::string name = detail::name_of_signal(policy.signal);
    if (policy.signal == SIGKILL) return name;
    if (policy.grace == std::chrono::milliseconds::max()) return name + ", never SIGKILL";
    return name + ", SIGKILL after " + detail::short_seconds(detail::clamped<std::chrono::microseconds>(policy.grace));
}

std::ostream& operator<<(std::ostream& out, const stop_policy& policy) { return out << to_string(policy); }

}  // namespace parley
