// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "core/syscall_net.hpp"

#include "core/attempt.hpp"

#include <array>
#include <cstdio>

#include <fcntl.h>
#include <net/if.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace parley::sys {

outcome<unique_fd> socket(int family, int type, int protocol) noexcept {
    return make_descriptor(call::socket,
                           [&] { return ::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol); });
}

error_code bind(int fd, const sockaddr* to, socklen_t size) noexcept {
    return check(call::bind, [&] { return ::bind(fd, to, size); });
}

error_code listen(int fd, int backlog) noexcept {
    return check(call::listen, [&] { return ::listen(fd, backlog); });
}

outcome<unique_fd> accept(int listener) noexcept {
    return make_descriptor(call::accept, [&] { return ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC); });
}

error_code connect(int fd, const sockaddr* to, socklen_t size) noexcept {
    if (const int fault = injected_fault(call::connect)) return make_code(fault);
    return ::connect(fd, to, size) < 0 ? last_error() : error_code{};
}

error_code end_sending(int fd) noexcept { return ::shutdown(fd, SHUT_WR) < 0 ? last_error() : error_code{}; }

error_code end_receiving(int fd) noexcept { return ::shutdown(fd, SHUT_RD) < 0 ? last_error() : error_code{}; }

outcome<socklen_t> socket_name(int fd, sockaddr_storage& name) noexcept {
    socklen_t size = sizeof name;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) < 0) return last_error();
    return size;
}

outcome<socklen_t> peer_name(int fd, sockaddr_storage& name) noexcept {
    socklen_t size = sizeof name;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&name), &size) < 0) return last_error();
    return size;
}

error_code is_connected(int fd) noexcept {
    sockaddr_storage name{};
    const auto size = peer_name(fd, name);
    return size ? error_code{} : size.error();
}

error_code connect_error(int fd) noexcept {
    const auto told = socket_option(fd, SOL_SOCKET, SO_ERROR);
    if (!told) return told.error();
    return *told != 0 ? make_code(*told) : is_connected(fd);
}

error_code set_socket_option(int fd, int level, int name, const void* value, socklen_t size) noexcept {
    return check(call::setsockopt, [&] { return ::setsockopt(fd, level, name, value, size); });
}

error_code set_socket_option(int fd, int level, int name, int value) noexcept {
    return set_socket_option(fd, level, name, &value, sizeof value);
}

outcome<socklen_t> socket_option(int fd, int level, int name, void* value, socklen_t size) noexcept {
    if (attempt(call::getsockopt, [&] { return ::getsockopt(fd, level, name, value, &size); }) < 0) return last_error();
    return size;
}

outcome<int> socket_option(int fd, int level, int name) noexcept {
    int value = 0;
    const auto size = socket_option(fd, level, name, &value, sizeof value);
    if (!size) return size.error();
    return value;
}

error_code fchmod(int fd, mode_t mode) noexcept {
    return check(call::chmod, [&] { return ::fchmod(fd, mode); });
}

error_code chmod_path_descriptor(int fd, mode_t mode) noexcept {
    // fchmod(2) refuses such a descriptor; its link in /proc leads to the file itself.
    std::array<char, 32> link{};
    std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", fd);
    return check(call::chmod, [&] { return ::chmod(link.data(), mode); });
}

error_code chown_path_descriptor(int fd, uid_t user, gid_t group) noexcept {
    return check(call::chown, [&] { return ::fchownat(fd, "", user, group, AT_EMPTY_PATH); });
}

outcome<struct ::stat> lstat(const char* path) noexcept {
    struct ::stat st {};
    if (const auto ec = check(call::fstat, [&] { return ::lstat(path, &st); })) return ec;
    return st;
}

outcome<std::string> read_link(const char* path) {
    std::string target(4096, '\0');
    const auto size = transfer(call::fstat, [&] { return ::readlink(path, target.data(), target.size()); });
    if (!size) return size.error();
    target.resize(*size);
    return target;
}

error_code try_lock(int fd) noexcept {
    return check(call::flock, [&] { return ::flock(fd, LOCK_EX | LOCK_NB); });
}

outcome<unsigned> interface_index(const char* name) noexcept {
    const unsigned index = ::if_nametoindex(name);
    if (index == 0) return last_error();
    return index;
}

}  // namespace parley::sys
