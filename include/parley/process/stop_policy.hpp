// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How a child is asked to end, and for how long it is asked.
#pragma once

#include <parley/core/export.hpp>
#include <parley/core/timer.hpp>

#include <chrono>
#include <csignal>
#include <iosfwd>
#include <string>

namespace parley {

/// Ask with `signal`, wait `grace`, then SIGKILL. A stopped child is continued so that it can hear the question.
struct stop_policy {
    int signal = SIGTERM;
    saturated<std::chrono::milliseconds> grace{5000};

    /// SIGKILL at once.
    static constexpr stop_policy kill() noexcept { return {SIGKILL, std::chrono::milliseconds(0)}; }

    friend bool operator==(const stop_policy&, const stop_policy&) = default;
};

/// "SIGTERM, SIGKILL after 5.000 s"; "SIGKILL".
PARLEY_EXPORT std::string to_string(const stop_policy& policy);
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, const stop_policy& policy);

}  // namespace parley
