// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The text of a crash report, written from within the signal handler.
#pragma once

#include <csignal>
#include <cstdint>

namespace parley::detail {

/// Where the calling thread's stack ends; zeros where unknown.
struct stack_bounds {
    std::uintptr_t lowest = 0;  // address that belongs to the stack
    std::uintptr_t guard = 0;   // bytes below that cannot be touched
};

/// Of the calling thread, from the C library.
stack_bounds find_stack_bounds() noexcept;

/// Lets the C library load and allocate now what a backtrace needs, and remembers the names of the signals.
void prepare_crash_reports();

/// Writes the report. Async-signal-safe after `prepare_crash_reports`; one at a time.
void write_crash_report(int descriptor, int number, const siginfo_t& info, const void* context,
                        const stack_bounds& stack) noexcept;

/// True for a signal that came from a failed instruction, which fails again when the handler returns.
bool comes_again(int number, const siginfo_t& info) noexcept;

}  // namespace parley::detail
