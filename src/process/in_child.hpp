// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the child does between clone and execve, in memory that it shares with the parent: raw system calls, no
// allocation, no lock, nothing of the C library that keeps books.
#pragma once

#include "core/syscall.hpp"
#include "process/launcher.hpp"

#include <cerrno>
#include <cstddef>
#include <limits>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

// No sanitizer may keep books there.
#define PARLEY_IN_CHILD __attribute__((no_sanitize("address"), no_sanitize("thread"), no_sanitize("undefined")))

namespace parley {

constexpr int number_of_signals = 64;
constexpr std::size_t kernel_sigset_size = 8;

/// The kernel's own struct sigaction; all zero it means SIG_DFL, no flags, an empty mask.
struct kernel_sigaction {
    void* handler = nullptr;
    unsigned long flags = 0;
    void* restorer = nullptr;
    unsigned long mask = 0;
};

/// Runs the plan up to execve, which does not return. Gives back what failed.
launch_failure run_in_child(const launch_plan& plan, int error_pipe) noexcept;

/// Holds the child's state against the plan; false: `found` names the first deviation.
bool verify_in_child(const launch_plan& plan, launch_failure& found) noexcept;

/// What a test wants to become of a call.
enum class fate : unsigned char { made, refused, left_out };

/// With errno where it is refused.
PARLEY_IN_CHILD inline fate fate_of(sys::call c) noexcept {
    const int fault = sys::injected_fault(c);
    if (fault == 0) return fate::made;
    if (fault == sys::pretend) return fate::left_out;
    errno = fault;
    return fate::refused;
}

/// A call that must succeed: refused or left out by a test, else what it returned.
PARLEY_IN_CHILD inline bool done(sys::call c, long number, long a = 0, long b = 0, long d = 0, long e = 0,
                                 long f = 0) noexcept {
    const fate decided = fate_of(c);
    if (decided != fate::made) return decided == fate::left_out;
    return ::syscall(number, a, b, d, e, f) >= 0;
}
/// A pointer as a system call takes it.
PARLEY_IN_CHILD inline long word(const void* pointer) noexcept { return reinterpret_cast<long>(pointer); }

/// The descriptor number that follows; that of the largest, which no process has, is itself.
PARLEY_IN_CHILD constexpr int number_above(int number) noexcept {
    return number < std::numeric_limits<int>::max() ? number + 1 : number;
}

/// Lists the open descriptors of the child, its own left out.
class descriptor_listing {
public:
    PARLEY_IN_CHILD descriptor_listing() noexcept
        : fd_(static_cast<int>(::syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC))) {}
    PARLEY_IN_CHILD bool opened() const noexcept { return fd_ >= 0; }
    PARLEY_IN_CHILD void again() noexcept {
        ::syscall(SYS_lseek, fd_, 0, SEEK_SET);
        filled_ = at_ = 0;
    }
    PARLEY_IN_CHILD void close() noexcept { ::syscall(SYS_close, fd_); }
    /// The next number; `end` after the last, `failed` with errno.
    PARLEY_IN_CHILD int next() noexcept {
        for (;;) {
            if (at_ >= filled_) {
                at_ = 0;
                filled_ = ::syscall(SYS_getdents64, fd_, block_, sizeof block_);
                if (filled_ < 0) return failed;
                if (filled_ == 0) return end;
            }
            // struct linux_dirent64: ino 8, off 8, reclen 2, type 1, name
            const unsigned char* entry = block_ + at_;
            at_ += entry[16] | entry[17] << 8;
            int number = 0;
            bool is_number = entry[19] != 0;
            for (const unsigned char* name = entry + 19; *name != 0 && is_number; ++name) {
                is_number = *name >= '0' && *name <= '9';
                number = number * 10 + (*name - '0');
            }
            if (is_number && number != fd_) return number;
        }
    }

    static constexpr int end = -1, failed = -2;

private:
    alignas(8) unsigned char block_[4096];
    long filled_ = 0, at_ = 0;
    int fd_;
};

PARLEY_IN_CHILD inline bool is_kept(const launch_plan& plan, int number) noexcept {
    const int* kept = plan.keep.data();
    for (std::size_t i = 0, count = plan.keep.size(); i < count; ++i)
        if (kept[i] == number) return true;
    return false;
}

}  // namespace parley
