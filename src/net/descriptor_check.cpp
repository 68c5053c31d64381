// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/descriptor_check.hpp>

#include "core/syscall_message.hpp"

#include <ostream>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>

namespace parley {
namespace {

bool is_in_proc(const sys::file_facts& facts) {
    const auto proc = sys::facts_of("/proc");
    return proc && proc->device == facts.device;
}

descriptor_kind kind_of(const sys::file_facts& facts) {
    switch (facts.mode & S_IFMT) {
        case S_IFREG:
            return is_in_proc(facts) ? descriptor_kind::kernel_file : descriptor_kind::regular_file;
        case S_IFDIR:
            return descriptor_kind::directory;
        case S_IFIFO:
            return descriptor_kind::pipe;
        case S_IFSOCK:
            return descriptor_kind::socket;
        case S_IFCHR:
            return descriptor_kind::character_device;
        case S_IFBLK:
            return descriptor_kind::block_device;
        case S_IFLNK:
            return descriptor_kind::symbolic_link;
        default:
            return descriptor_kind::event;
    }
}

std::string with_article(descriptor_kind kind) {
    return (kind == descriptor_kind::event ? "an " : "a ") + std::string(to_string(kind));
}

std::string context_of(int fd) { return "descriptor " + std::to_string(fd); }

}  // namespace

std::string_view to_string(descriptor_kind kind) noexcept {
    switch (kind) {
        case descriptor_kind::regular_file:
            return "regular file";
        case descriptor_kind::kernel_file:
            return "file of the kernel";
        case descriptor_kind::directory:
            return "directory";
        case descriptor_kind::pipe:
            return "pipe";
        case descriptor_kind::socket:
            return "socket";
        case descriptor_kind::character_device:
            return "character device";
        case descriptor_kind::block_device:
            return "block device";
        case descriptor_kind::symbolic_link:
            return "symbolic link";
        case descriptor_kind::event:
            return "event";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& out, descriptor_kind kind) { return out << to_string(kind); }

result<descriptor_facts> describe_descriptor(int fd) {
    const auto facts = sys::facts_of(fd);
    if (!facts) return error(facts.error(), context_of(fd));
    const auto flags = sys::status_flags(fd);
    if (!flags) return error(flags.error(), context_of(fd));
    descriptor_facts found;
    found.kind = kind_of(*facts);
    found.path_only = (*flags & O_PATH) != 0;
    const int access = *flags & O_ACCMODE;
    found.readable = !found.path_only && (access == O_RDONLY || access == O_RDWR);
    found.writable = !found.path_only && (access == O_WRONLY || access == O_RDWR);
    found.append = (*flags & O_APPEND) != 0;
    found.blocking = (*flags & O_NONBLOCK) == 0;
    if (found.kind == descriptor_kind::regular_file) {
        found.size = facts->size;
        if (const auto seals = sys::seals_of(fd)) found.seals = *seals;
    }
    return found;
}

result<void> check_descriptor(int fd, const expected_descriptor& expected) {
    const auto found = describe_descriptor(fd);
    if (!found) return found.error();
    const auto refuse = [&](const std::string& why) -> result<void> {
        return error(errc::unexpected_descriptor, context_of(fd) + ", " + with_article(found->kind) + why);
    };
    if (found->kind != expected.kind) return refuse(", should be " + with_article(expected.kind));
    if (found->path_only && (expected.readable || expected.writable)) return refuse(", was opened as a path only");
    if (expected.readable && !found->readable) return refuse(", cannot be read");
    if (expected.writable && !found->writable) return refuse(", cannot be written");
    if (expected.most_bytes && found->size > *expected.most_bytes)
        return refuse(", has " + std::to_string(found->size) + " bytes, more than " +
                      std::to_string(*expected.most_bytes));
    if ((found->seals.value_or(0) & expected.seals) != expected.seals) return refuse(", is not sealed as it should be");
    return {};
}

}  // namespace parley
