// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "core/syscall.hpp"

#include "core/attempt.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace parley::sys {

outcome<struct ::stat> stat(const char* path) noexcept {
    struct ::stat info;
    if (attempt(call::fstat, [&] { return ::stat(path, &info); }) < 0) return last_error();
    return info;
}

outcome<struct ::stat> fstat(int fd) noexcept {
    struct ::stat st {};
    if (const auto ec = check(call::fstat, [&] { return ::fstat(fd, &st); })) return ec;
    return st;
}

bool is_executable_file(const char* path) noexcept {
    struct ::stat st {};
    if (check(call::fstat, [&] { return ::stat(path, &st); }) || !S_ISREG(st.st_mode)) return false;
    return ::faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

outcome<std::string> read_file(const char* path, std::size_t limit) noexcept {
    auto fd = open(path, O_RDONLY);
    if (!fd) return fd.error();
    std::string content;
    while (content.size() < limit) {
        char block[4096];
        const auto n = read(fd->get(), block, std::min(sizeof block, limit - content.size()));
        if (!n) return n.error();
        if (*n == 0) break;
        content.append(block, *n);
    }
    return content;
}

error_code write_file(const char* path, std::string_view text) noexcept {
    const auto fd = open(path, O_WRONLY);
    if (!fd) return fd.error();
    const auto written = write(fd->get(), text.data(), text.size());
    return written ? error_code{} : written.error();
}

error_code write_at(int fd, std::string_view text, off_t place) noexcept {
    while (!text.empty()) {
        const auto written = transfer(call::write, [&] { return ::pwrite(fd, text.data(), text.size(), place); });
        if (!written) return written.error();
        text.remove_prefix(*written);
        place += static_cast<off_t>(*written);
    }
    return {};
}

outcome<unique_fd> memory_file(const char* name) noexcept {
    return make_descriptor(call::memfd, [&] { return ::memfd_create(name, MFD_CLOEXEC); });
}

error_code mkfifo(const char* path, mode_t mode) noexcept {
    return check(call::mkfifo, [&] { return ::mkfifo(path, mode); });
}

error_code chmod(const char* path, mode_t mode) noexcept {
    return check(call::chmod, [&] { return ::chmod(path, mode); });
}

error_code unlink(const char* path) noexcept {
    return check(call::unlink, [&] { return ::unlink(path); });
}

error_code mkdir(const char* path, mode_t mode) noexcept {
    return check(call::mkdir, [&] { return ::mkdir(path, mode); });
}

error_code rmdir(const char* path) noexcept {
    return check(call::rmdir, [&] { return ::rmdir(path); });
}

outcome<std::string> extended_attribute(const char* path, const char* name) noexcept {
    char value[256];
    const auto n = transfer(call::getxattr, [&] { return ::getxattr(path, name, value, sizeof value); });
    if (!n) return n.error();
    return std::string(value, *n);
}

outcome<directory> directory::open(const char* path) noexcept {
    auto fd = sys::open(path, O_RDONLY | O_DIRECTORY);
    if (!fd) return fd.error();
    return directory(std::move(*fd));
}

outcome<std::optional<directory::entry>> directory::next() noexcept {
    for (;;) {
        if (at_ >= filled_) {
            const auto n = transfer(call::getdents, [&] { return ::getdents64(fd_.get(), block_, sizeof block_); });
            if (!n) return n.error();
            if (*n == 0) return std::optional<entry>{};
            at_ = 0, filled_ = *n;
        }
        const auto* found = reinterpret_cast<const dirent64*>(block_ + at_);
        at_ += found->d_reclen;
        const std::string_view name = found->d_name;
        if (name != "." && name != "..") return std::optional<entry>({name, found->d_type == DT_DIR});
    }
}

}  // namespace parley::sys
