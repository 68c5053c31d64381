// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/core/unique_fd.hpp>

#include "core/syscall.hpp"

namespace parley {

void unique_fd::reset(int fd) noexcept {
    const int earlier = std::exchange(fd_, fd);
    if (earlier >= 0 && earlier != fd) sys::close(earlier);
}

result<unique_fd> unique_fd::duplicate(int fd) {
    auto copy = sys::duplicate(fd);
    if (!copy) return error(copy.error(), "duplicate descriptor " + std::to_string(fd));
    return std::move(*copy);
}

}  // namespace parley
