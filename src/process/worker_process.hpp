// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What happens in the process of a worker.
#pragma once

#include <parley/core/unique_fd.hpp>
#include <parley/process/prefork.hpp>

#include <csignal>
#include <functional>

#include <sys/types.h>

namespace parley {

/// In the forked process: runs `work` on a loop of its own and leaves. `mask` is the parent's earlier signal mask,
/// `parents_signals` its signalfd.
[[noreturn]] void run_worker(const std::function<task<int>(worker&)>& work, unsigned index, unique_fd connections,
                             pid_t parent, const sigset_t& mask, int parents_signals) noexcept;

}  // namespace parley
