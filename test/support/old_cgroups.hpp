// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A kernel before 5.14, whose cgroups can be frozen and not killed.
#pragma once

#include "core/syscall.hpp"

#include <atomic>
#include <cerrno>

namespace parley::test {

/// For the length of a scope. Of the writes that follow a look at the processes of a cgroup the first is the one to
/// cgroup.kill. One at a time.
class old_cgroups {
public:
    /// `on_signal` is asked before each signal what it fails with; 0: it goes.
    explicit old_cgroups(int (*on_signal)() noexcept = []() noexcept { return 0; }) {
        on_signal_ = on_signal, looked_ = false;
        earlier_ = sys::set_fault_hook(&decide);
    }
    old_cgroups(const old_cgroups&) = delete;
    old_cgroups& operator=(const old_cgroups&) = delete;
    ~old_cgroups() { sys::set_fault_hook(earlier_); }

private:
    static int decide(sys::call c) noexcept {
        if (c == sys::call::getdents) looked_ = true;
        if (c == sys::call::write && looked_.exchange(false)) return ENOENT;
        return c == sys::call::pidfd_send_signal || c == sys::call::kill ? on_signal_.load()() : 0;
    }

    static inline std::atomic<bool> looked_{false};
    static inline std::atomic<int (*)() noexcept> on_signal_{nullptr};
    sys::fault_hook earlier_ = nullptr;
};

}  // namespace parley::test
