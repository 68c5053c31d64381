// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Pieces of what values of this folder print.
#pragma once

#include <parley/signal/signal_name.hpp>

#include <chrono>
#include <cstdio>
#include <string>

namespace parley::detail {

/// "5.003 s"
inline std::string short_seconds(std::chrono::microseconds time) {
    char text[32];
    std::snprintf(text, sizeof text, "%lld.%03lld s", static_cast<long long>(time.count() / 1'000'000),
                  static_cast<long long>(time.count() % 1'000'000 / 1000));
    return text;
}

/// "SIGTERM", or "signal 99".
inline std::string name_of_signal(int number) {
    const auto name = signal_name(number);
    return name ? *name : "signal " + std::to_string(number);
}

}  // namespace parley::detail
