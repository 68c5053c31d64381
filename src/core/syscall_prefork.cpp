// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The part of the gateway that makes copies of this process and hands them connections.

#include "core/attempt.hpp"
#include "core/syscall_message.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace parley::sys {

error_code send_descriptor(int socket, int fd) noexcept {
    char byte = 0;
    iovec part{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
    const auto sent = sendmsg(socket, message);
    return sent ? error_code{} : sent.error();
}

outcome<unique_fd> receive_descriptor(int socket) noexcept {
    char byte = 0;
    iovec part{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const auto n = recvmsg(socket, message);
    if (!n) return n.error();
    unique_fd received;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int fd = -1;  // the buffer has room for one
        std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
        received.reset(fd);
    }
    if (*n == 0) return unique_fd{};
    if (!received || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return make_code(EBADMSG);
    return received;
}

outcome<pid_t> fork() noexcept {
    const pid_t pid = attempt(call::fork, [] { return ::fork(); });
    if (pid < 0) return last_error();
    return pid;
}

error_code die_with(pid_t parent) noexcept {
    if (const auto ec = check(call::prctl, [] { return ::prctl(PR_SET_PDEATHSIG, SIGKILL); })) return ec;
    return ::getppid() == parent ? error_code{} : make_code(ESRCH);  // ended before it was set
}

void kill_unreaped_child(pid_t pid) noexcept {
    if (pid <= 0) return;
    ::kill(pid, SIGKILL);
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) < 0 && errno == EINTR) {}
}

bool exit_statuses_are_discarded() noexcept {
    struct ::sigaction now {};
    if (sys::sigaction(SIGCHLD, nullptr, &now)) return false;
    return (now.sa_flags & SA_NOCLDWAIT) != 0 || (!(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_IGN);
}

std::size_t number_of_threads() noexcept {
    std::error_code ec;
    std::size_t count = 0;
    for (auto at = std::filesystem::directory_iterator("/proc/self/task", ec);
         !ec && at != std::filesystem::directory_iterator(); at.increment(ec))
        ++count;
    return count == 0 ? 1 : count;
}

unsigned usable_cpus() noexcept {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return static_cast<unsigned>(CPU_COUNT(&set));
}

}  // namespace parley::sys
