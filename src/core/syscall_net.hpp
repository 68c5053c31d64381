// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The part of the gateway to the kernel that is about sockets and their files.
#pragma once

#include "core/syscall.hpp"

#include <string>

#include <sys/socket.h>

namespace parley::sys {

/// Non-blocking.
outcome<unique_fd> socket(int family, int type, int protocol) noexcept;
error_code bind(int fd, const sockaddr* to, socklen_t size) noexcept;
error_code listen(int fd, int backlog) noexcept;
/// The next connection of a non-blocking listener, in blocking mode.
outcome<unique_fd> accept(int listener) noexcept;
/// An interruption is not retried: of a non-blocking connect it cannot come.
error_code connect(int fd, const sockaddr* to, socklen_t size) noexcept;
/// shutdown(2) of the sending half.
error_code end_sending(int fd) noexcept;
/// shutdown(2) of the receiving half: who waits to receive, in whatever thread, is woken.
error_code end_receiving(int fd) noexcept;
/// How a connect that was under way has ended.
error_code connect_error(int fd) noexcept;
/// ENOTCONN and others for a socket without a peer.
error_code is_connected(int fd) noexcept;
outcome<socklen_t> socket_name(int fd, sockaddr_storage& name) noexcept;
outcome<socklen_t> peer_name(int fd, sockaddr_storage& name) noexcept;

error_code set_socket_option(int fd, int level, int name, const void* value, socklen_t size) noexcept;
error_code set_socket_option(int fd, int level, int name, int value) noexcept;
/// Gives the size of what came.
outcome<socklen_t> socket_option(int fd, int level, int name, void* value, socklen_t size) noexcept;
outcome<int> socket_option(int fd, int level, int name) noexcept;

// files
error_code fchmod(int fd, mode_t mode) noexcept;
/// Of the file that an O_PATH descriptor stands for; a link is never followed.
error_code chmod_path_descriptor(int fd, mode_t mode) noexcept;
error_code chown_path_descriptor(int fd, uid_t user, gid_t group) noexcept;
/// Of what is at the path itself: a link is not followed.
outcome<struct ::stat> lstat(const char* path) noexcept;
/// Where a symbolic link leads to; of a longer target the first 4,096 bytes.
outcome<std::string> read_link(const char* path);
/// An exclusive flock(2), or EWOULDBLOCK.
error_code try_lock(int fd) noexcept;

outcome<unsigned> interface_index(const char* name) noexcept;

}  // namespace parley::sys
