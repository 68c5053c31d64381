// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How the library makes a thread of its own.
#pragma once

#include "core/syscall.hpp"

#include <system_error>
#include <thread>
#include <utility>

#include <csignal>

namespace parley {

/// Runs `body` in a detached thread with all signals blocked: they are for the threads of the program. Throws
/// std::system_error where there is no thread to be had.
template <typename Body>
void start_masked_thread(Body body) {
    if (const int fault = sys::injected_fault(sys::call::thread))
        throw std::system_error(fault, std::generic_category(), "start a thread");
    sigset_t all, earlier;
    sigfillset(&all);
    const bool masked = !sys::thread_sigmask(SIG_SETMASK, &all, &earlier);
    try {
        std::thread(std::move(body)).detach();
    } catch (...) {
        if (masked) sys::thread_sigmask(SIG_SETMASK, &earlier, nullptr);
        throw;
    }
    if (masked) sys::thread_sigmask(SIG_SETMASK, &earlier, nullptr);
}

}  // namespace parley
