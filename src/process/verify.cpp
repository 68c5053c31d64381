// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/in_child.hpp"

#include <csignal>
#include <cstdint>

#include <sys/stat.h>

namespace parley {
namespace {

// "/proc/self/fd/123", without a library.
PARLEY_IN_CHILD void path_of(int number, char* path) noexcept {
    const char* prefix = "/proc/self/fd/";
    while (*prefix != 0) *path++ = *prefix++;
    char digits[12];
    int count = 0;
    do {
        digits[count++] = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count > 0) *path++ = digits[--count];
    *path = 0;
}

PARLEY_IN_CHILD bool differs(launch_failure& found, deviation what, int detail) noexcept {
    found.found = what;
    found.detail = detail;
    found.errno_value = EINVAL;
    return false;
}

PARLEY_IN_CHILD bool cannot_look(launch_failure& found) noexcept {
    found.errno_value = errno;
    return false;
}

PARLEY_IN_CHILD bool descriptors_are_right(const launch_plan& plan, launch_failure& found) noexcept {
    const int* kept = plan.keep.data();
    for (std::size_t i = 0, count = plan.keep.size(); i < count; ++i) {
        const long flags = ::syscall(SYS_fcntl, kept[i], F_GETFD);
        if (flags < 0 || (flags & FD_CLOEXEC) != 0) return differs(found, deviation::missing, kept[i]);
    }
    descriptor_listing listing;
    if (!listing.opened()) return cannot_look(found);
    for (int number = listing.next(); number != descriptor_listing::end; number = listing.next()) {
        if (number == descriptor_listing::failed) return cannot_look(found);
        if (is_kept(plan, number)) continue;
        const long flags = ::syscall(SYS_fcntl, number, F_GETFD);
        if (flags < 0 || (flags & FD_CLOEXEC) != 0) continue;  // the program will not see it
        char path[32];
        path_of(number, path);
        const long length = ::syscall(SYS_readlinkat, AT_FDCWD, path, found.target, sizeof found.target - 1);
        found.target[length > 0 ? length : 0] = 0;
        return differs(found, deviation::not_listed, number);
    }
    listing.close();
    return true;
}

PARLEY_IN_CHILD bool signals_are_right(launch_failure& found) noexcept {
    std::uint64_t mask = 0;
    ::syscall(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, &mask, kernel_sigset_size);
    for (int number = 1; number <= number_of_signals; ++number) {
        kernel_sigaction now;
        if ((mask >> (number - 1) & 1) != 0) return differs(found, deviation::blocked, number);
        if (::syscall(SYS_rt_sigaction, number, nullptr, &now, kernel_sigset_size) == 0 && now.handler != nullptr)
            return differs(found, deviation::not_default, number);
    }
    return true;
}

PARLEY_IN_CHILD bool places_are_right(const launch_plan& plan, launch_failure& found) noexcept {
    struct ::stat here;
    if (::syscall(SYS_newfstatat, AT_FDCWD, ".", &here, 0) != 0) return cannot_look(found);
    if (here.st_dev != plan.verify->directory_device || here.st_ino != plan.verify->directory_inode)
        return differs(found, deviation::directory, -1);
    const auto mask = static_cast<mode_t>(::syscall(SYS_umask, 0));
    ::syscall(SYS_umask, mask);
    return mask == plan.verify->umask || differs(found, deviation::umask, static_cast<int>(mask));
}

}  // namespace

PARLEY_IN_CHILD bool verify_in_child(const launch_plan& plan, launch_failure& found) noexcept {
    found.step = spawn_step::verify;
    return descriptors_are_right(plan, found) && signals_are_right(found) && places_are_right(plan, found);
}

}  // namespace parley
