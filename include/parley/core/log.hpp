// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Where parley says what it cannot return: a spdlog logger that a program may replace.
#pragma once

#include <parley/core/export.hpp>

#include <memory>

namespace spdlog {
class logger;
}

namespace parley {

/// The logger in use: by default "parley", on standard error, silent below `warn`. Never null. Any thread. Nothing on
/// a hot path logs.
PARLEY_EXPORT std::shared_ptr<spdlog::logger> logger();

/// Replaces it; null brings the default back. Any thread.
PARLEY_EXPORT void set_logger(std::shared_ptr<spdlog::logger> replacement);

}  // namespace parley
