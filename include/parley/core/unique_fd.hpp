// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Who owns a descriptor shows in the type: unique_fd gives, int lends.
#pragma once

#include <parley/core/error.hpp>
#include <parley/core/export.hpp>

#include <utility>

namespace parley {

/// The owner of one descriptor. Moves, never copies; closes at the end of its life. No thread safety beyond an int's.
class PARLEY_EXPORT unique_fd {
public:
    unique_fd() noexcept = default;
    /// Takes over `fd`; a negative number means "none".
    explicit unique_fd(int fd) noexcept : fd_(fd) {}
    unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    unique_fd& operator=(unique_fd&& other) noexcept {
        if (this != &other) reset(std::exchange(other.fd_, -1));
        return *this;
    }
    unique_fd(const unique_fd&) = delete;
    unique_fd& operator=(const unique_fd&) = delete;
    ~unique_fd() {
        if (fd_ >= 0) reset();
    }

    /// The number, on loan. -1 when there is none.
    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }

    /// Gives the descriptor away; the caller closes it.
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

    /// Closes what is held and takes over `fd`. Errors of close(2) are not reported: on Linux the number is free
    /// afterwards in every case. errno is preserved.
    void reset(int fd = -1) noexcept;

    /// A second descriptor for the same open file, close-on-exec, numbered 3 or higher. Errors: fcntl(2),
    /// F_DUPFD_CLOEXEC.
    [[nodiscard]] static result<unique_fd> duplicate(int fd);

private:
    int fd_ = -1;
};

}  // namespace parley
