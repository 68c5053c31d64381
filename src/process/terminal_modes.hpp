// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <parley/process/pty_options.hpp>

#include "core/syscall.hpp"

namespace parley {

/// Gives a new terminal its size and its line discipline.
error_code set_up_terminal(const sys::pty_ends& terminal, const pty_options& options) noexcept;

}  // namespace parley
