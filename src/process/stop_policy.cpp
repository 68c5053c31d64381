// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/stop_policy.hpp>

#include "process/text.hpp"

#include <ostream>

namespace parley {

std::string to_string(const stop_policy& policy) {
    const std::string name = detail::name_of_signal(policy.signal);
    return policy.signal == SIGKILL ? name : name + ", SIGKILL after " + detail::short_seconds(policy.grace);
}

std::ostream& operator<<(std::ostream& out, const stop_policy& policy) { return out << to_string(policy); }

}  // namespace parley
