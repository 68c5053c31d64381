// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/socket_file.hpp>

#include "core/syscall_net.hpp"

#include <filesystem>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace parley {

// Absolute, because the working directory may be another one when it is removed.
socket_file::socket_file(const std::string& path)
    : path_(std::filesystem::absolute(path).string()), owner_(::getpid()) {
    if (const auto st = sys::lstat(path_.c_str())) {
        device_ = st->st_dev;
        inode_ = st->st_ino;
    } else {
        path_.clear();
    }
}

socket_file::socket_file(socket_file&& other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_), owner_(other.owner_) {}

socket_file& socket_file::operator=(socket_file&& other) noexcept {
    if (this == &other) return *this;
    remove();
    path_ = std::exchange(other.path_, {});
    device_ = other.device_;
    inode_ = other.inode_;
    owner_ = other.owner_;
    return *this;
}

bool socket_file::is_still_ours() const noexcept {
    if (path_.empty() || owner_ != ::getpid()) return false;
    const auto st = sys::lstat(path_.c_str());
    return st && S_ISSOCK(st->st_mode) && st->st_dev == device_ && st->st_ino == inode_;
}

void socket_file::remove() noexcept {
    if (is_still_ours()) (void)sys::unlink(path_.c_str());
    path_.clear();
}

}  // namespace parley
