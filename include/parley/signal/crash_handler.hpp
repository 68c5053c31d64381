// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A report from a program that is about to die: which signal, where, and how it came there.
#pragma once

#include <parley/core/export.hpp>
#include <parley/signal/signal_mask.hpp>

#include <csignal>
#include <cstddef>

namespace parley {

/// Gives the calling thread a stack of its own for signal handlers that ask for one, with a guard page below, for the
/// length of a scope. With it a `crash_handler` can report that the thread's own stack overflowed; without it such a
/// thread dies unreported.
///
/// The `crash_handler` brings one for the thread that makes it; other threads make their own. To be destroyed by the
/// thread that made it. Errors: the constructor throws system_error (mmap(2), sigaltstack(2)). Source: sigaltstack(2).
class PARLEY_EXPORT crash_stack {
public:
    /// `size` in bytes, rounded up to pages and to what the processor's registers and a backtrace need.
    explicit crash_stack(std::size_t size = 64 * 1024);
    crash_stack(const crash_stack&) = delete;
    crash_stack& operator=(const crash_stack&) = delete;
    /// Brings the earlier one back.
    ~crash_stack();

private:
    void* memory_;
    std::size_t size_;
    stack_t earlier_;
};

struct crash_handler_options {
    /// Where the report goes, on loan; standard error by default. Should not block: a report that does not fit is cut.
    int descriptor = 2;
    signal_mask signals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    /// Of the alternate stack of the thread that makes the handler, in bytes.
    std::size_t stack_size = 64 * 1024;
};

/// Reports fatal signals, for the length of a scope; then the program dies as it would have without.
///
/// The report says program, process and thread, the signal and its cause, the address and the instruction at fault,
/// whether the stack overflowed, and the backtrace as addresses (resolve them with addr2line(1)). It is written by
/// write(2) alone, from an alternate stack, without memory from the heap. Then the disposition of before returns and
/// the signal takes its course once more: a failed instruction is run again, a signal that was sent is raised again.
/// With the default action that is death by the same signal, with a core dump where one would have been written.
///
/// One at a time in a process. Dispositions belong to the process, so every thread is covered; see `crash_stack` for
/// stack overflows in other threads. To be destroyed by the thread that made it; what is installed over it stays.
///
/// Errors: the constructor throws system_error: EBUSY when there is one already; `errc::signal_not_catchable`;
/// `errc::invalid_argument` for a signal that does not end a program by default and for an empty set; what the system
/// calls report. Then nothing has changed. Source: sigaction(2), sigaltstack(2), signal-safety(7), backtrace(3).
class PARLEY_EXPORT crash_handler {
public:
    explicit crash_handler(const crash_handler_options& options = {});
    crash_handler(const crash_handler&) = delete;
    crash_handler& operator=(const crash_handler&) = delete;
    /// Restores the dispositions and the alternate stack of before.
    ~crash_handler();

private:
    void uninstall() noexcept;

    signal_mask signals_;
    crash_stack stack_;
    signal_mask installed_;
};

}  // namespace parley
