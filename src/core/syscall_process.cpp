// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "core/syscall.hpp"

#include "core/attempt.hpp"

#include <cerrno>
#include <cstring>

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace parley::sys {
namespace {

constexpr int p_pidfd = 3;  // P_PIDFD of waitid(2), Linux 5.4

outcome<std::optional<reaped_child>> ended_child(int pidfd, int options) noexcept {
    reaped_child child{};
    // The C library's waitid(3) keeps what the kernel says of the resources.
    const auto ec =
        check(call::waitid, [&] { return ::syscall(SYS_waitid, p_pidfd, pidfd, &child.info, options, &child.usage); });
    if (ec) return ec;
    if (child.info.si_pid == 0) return std::optional<reaped_child>{};
    return std::optional<reaped_child>{child};
}

}  // namespace

outcome<unique_fd> pidfd_open(pid_t pid) noexcept {
    return make_descriptor(call::pidfd_open, [&] { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); });
}

error_code pidfd_send_signal(int pidfd, int number, const siginfo_t* info) noexcept {
    return check(call::pidfd_send_signal, [&] { return ::syscall(SYS_pidfd_send_signal, pidfd, number, info, 0); });
}

error_code pidfd_send_signal_to_group(int leader, int number) noexcept {
    constexpr unsigned process_group = 1u << 2;  // PIDFD_SIGNAL_PROCESS_GROUP
    return check(call::pidfd_send_signal,
                 [&] { return ::syscall(SYS_pidfd_send_signal, leader, number, nullptr, process_group); });
}

error_code signal_child(int pidfd, pid_t pid, int number) noexcept {
    const auto ec = pidfd_send_signal(pidfd, number);
    if (ec.value() != ENOSYS && ec.value() != EPERM) return ec;
    if (is_child(pidfd)) return ec;
    return check(call::kill, [&] { return ::kill(pid, number); });
}

outcome<std::optional<reaped_child>> reap(int pidfd) noexcept { return ended_child(pidfd, WEXITED | WNOHANG); }

outcome<std::optional<reaped_child>> look_at_end(int pidfd) noexcept {
    return ended_child(pidfd, WEXITED | WNOHANG | WNOWAIT);
}

outcome<std::optional<siginfo_t>> child_change(int pidfd) noexcept {
    siginfo_t info{};
    const auto ec = check(call::waitid, [&] {
        return ::waitid(static_cast<idtype_t>(p_pidfd), static_cast<id_t>(pidfd), &info,
                        WSTOPPED | WCONTINUED | WNOHANG);
    });
    if (ec) return ec;
    if (info.si_pid == 0) return std::optional<siginfo_t>{};
    return std::optional<siginfo_t>{info};
}

error_code is_child(int pidfd) noexcept {
    siginfo_t info{};
    return check(call::waitid, [&] {
        return ::waitid(static_cast<idtype_t>(p_pidfd), static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG | WNOWAIT);
    });
}

outcome<pid_t> pid_of(int pidfd) noexcept {
    const auto text = read_file(("/proc/self/fdinfo/" + std::to_string(pidfd)).c_str(), 4096);
    if (!text) return text.error();
    constexpr std::string_view label = "\nPid:\t";
    const auto at = text->find(label);
    if (at == std::string::npos) return make_code(EBADF);  // no pidfd
    const long pid = std::strtol(text->c_str() + at + label.size(), nullptr, 10);
    if (pid <= 0) return make_code(ESRCH);
    return static_cast<pid_t>(pid);
}

outcome<bool> is_subreaper() noexcept {
    int on = 0;
    if (const auto ec = check(call::prctl, [&] { return ::prctl(PR_GET_CHILD_SUBREAPER, &on, 0, 0, 0); }))
        return {boost::system::in_place_error, ec};
    return on != 0;
}

error_code set_subreaper(bool on) noexcept {
    return check(call::prctl, [&] { return ::prctl(PR_SET_CHILD_SUBREAPER, on ? 1L : 0L, 0, 0, 0); });
}

outcome<struct ::rlimit> resource_limit(int resource) noexcept {
    struct ::rlimit limit {};
    if (const auto ec =
            check(call::getrlimit, [&] { return ::getrlimit(static_cast<__rlimit_resource_t>(resource), &limit); }))
        return ec;
    return limit;
}

std::optional<int> status_after_reaping(int pidfd) noexcept {
    // struct pidfd_info and PIDFD_GET_INFO of <linux/pidfd.h>, Linux 6.13; the exit status is there from 6.15.
    struct pidfd_info {
        std::uint64_t mask, cgroupid;
        std::uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
        std::int32_t exit_code;
    } info{};
    static_assert(sizeof(pidfd_info) == 64);
    constexpr std::uint64_t wants_exit = 1u << 3;
    info.mask = wants_exit;
    const auto request = _IOWR(0xFF, 11, pidfd_info);
    if (check(call::pidfd_get_info, [&] { return ::ioctl(pidfd, request, &info); })) return std::nullopt;
    if (!(info.mask & wants_exit)) return std::nullopt;
    return info.exit_code;
}

}  // namespace parley::sys
