// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Makes one call of the kernel gateway fail for the length of a scope.
#pragma once

#include "core/syscall.hpp"

#include <atomic>

namespace parley::test {

/// The calls number `from` to `from + times - 1` (counted from 1) of `which` fail with `errno_value`. One at a time.
class fault {
public:
    fault(sys::call which, int errno_value, int from = 1, int times = 1 << 30) {
        which_ = which, errno_ = errno_value, first_ = from, last_ = times < (1 << 30) ? from + times - 1 : 1 << 30,
        seen_ = 0;
        earlier_ = sys::set_fault_hook(&decide);
    }
    fault(const fault&) = delete;
    fault& operator=(const fault&) = delete;
    ~fault() { sys::set_fault_hook(earlier_); }

    /// How often the call was made.
    int seen() const noexcept { return seen_; }

private:
    static int decide(sys::call c) noexcept {
        if (c != which_) return 0;
        const int number = ++seen_;
        return number >= first_ && number <= last_ ? errno_.load() : 0;
    }

    static inline std::atomic<sys::call> which_{sys::call::count_};
    static inline std::atomic<int> errno_{0}, first_{1}, last_{1}, seen_{0};
    sys::fault_hook earlier_ = nullptr;
};

}  // namespace parley::test
