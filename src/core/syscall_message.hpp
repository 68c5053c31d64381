// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The part of the gateway to the kernel that is about messages over sockets and the descriptors in them.
#pragma once

#include "core/syscall.hpp"

#include <cstdint>

#include <sys/socket.h>
#include <sys/uio.h>

namespace parley::sys {

/// Never blocks and never raises SIGPIPE, whatever `flags`.
outcome<std::size_t> sendmsg(int fd, const msghdr& message, int flags = 0) noexcept;
/// Never blocks; descriptors that come are close-on-exec. They belong to the caller from here on.
outcome<std::size_t> recvmsg(int fd, msghdr& message, int flags = 0) noexcept;

/// The same with one piece of bytes and nothing beside it, which costs the kernel less.
outcome<std::size_t> send(int fd, const iovec& bytes) noexcept;
outcome<std::size_t> recv(int fd, const iovec& into) noexcept;

/// What poll(2) says of one descriptor now.
outcome<short> poll_now(int fd, short events) noexcept;
/// sockatmark(3): 1 or 0.
outcome<int> is_at_mark(int fd) noexcept;

/// What is known of an open file without asking whoever serves the file system.
struct file_facts {
    mode_t mode;
    std::uint64_t size;
    std::uint64_t device;  // major and minor, as one number
};
outcome<file_facts> facts_of(int fd) noexcept;
outcome<file_facts> facts_of(const char* path) noexcept;
/// F_GET_SEALS; an error for files that cannot be sealed.
outcome<unsigned> seals_of(int fd) noexcept;

}  // namespace parley::sys
