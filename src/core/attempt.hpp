// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How the gateway makes a call: for its own source files.
#pragma once

#include "core/syscall.hpp"

#include <cerrno>

#include <fcntl.h>

namespace parley::sys {

inline error_code last_error() noexcept { return make_code(errno); }

/// Makes the call, again after EINTR; -1 with errno when it or the hook failed.
template <typename Call>
auto attempt(call which, Call&& make) noexcept -> decltype(make()) {
    for (;;) {
        if (const int fault = injected_fault(which)) {
            errno = fault;
        } else {
            const auto value = make();
            if (value >= 0) return value;
        }
        if (errno != EINTR) return -1;
    }
}

template <typename Call>
error_code check(call which, Call&& make) noexcept {
    return attempt(which, make) < 0 ? last_error() : error_code{};
}

template <typename Call>
outcome<std::size_t> transfer(call which, Call&& make) noexcept {
    const ssize_t n = attempt(which, make);
    if (n < 0) return last_error();
    return static_cast<std::size_t>(n);
}

/// Takes a new descriptor and moves it out of the standard streams' places.
inline outcome<unique_fd> own(int fd) noexcept {
    if (fd < 0) return last_error();
    return above_standard_streams(unique_fd(fd));
}

template <typename Call>
outcome<unique_fd> make_descriptor(call which, Call&& make) noexcept {
    return own(attempt(which, make));
}

}  // namespace parley::sys
