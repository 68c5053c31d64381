// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"

#include <cerrno>
#include <csignal>

#include <sched.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace spawning {
namespace {

char* const arguments[] = {const_cast<char*>(program), nullptr};

int open_pidfd(pid_t pid) { return bench::check(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)), "pidfd_open"); }

// `start` gives the pidfd of a new child.
template <typename Start>
void loop(bench::run& r, Start start) {
    const int ready = bench::check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    int running = 0;
    const auto add = [&] {
        epoll_event interest{.events = EPOLLIN, .data = {.fd = start()}};
        bench::check(::epoll_ctl(ready, EPOLL_CTL_ADD, interest.data.fd, &interest), "epoll_ctl");
        ++running;
    };
    for (long i = 0; i < r["in_flight"]; ++i) add();
    while (running > 0) {
        epoll_event ended[16];
        const int count = bench::check(::epoll_wait(ready, ended, 16, -1), "epoll_wait");
        for (int i = 0; i < count; ++i) {
            const int pidfd = ended[i].data.fd;
            siginfo_t info{};
            bench::check(::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG), "waitid");
            bench::require(info.si_code == CLD_EXITED && info.si_status == 0, "the child has failed");
            // A child that is being forked may still have a copy: closing alone would not end the interest.
            bench::check(::epoll_ctl(ready, EPOLL_CTL_DEL, pidfd, nullptr), "epoll_ctl");
            ::close(pidfd);
            --running;
            if (r.add(1)) add();
        }
    }
    ::close(ready);
}

struct vfork_context {
    bool clean;
    sigset_t mask{};
    int failure = 0;
};

// What parley promises: no descriptor but 0, 1 and 2, no ignored signal, an empty mask.
void clean_up(vfork_context& context) {
    ::syscall(SYS_close_range, 3, ~0u, 0);
    for (int number = 1; number < NSIG; ++number) {
        struct sigaction now {};
        if (::sigaction(number, nullptr, &now) != 0 || now.sa_handler == SIG_DFL) continue;
        now = {};
        ::sigaction(number, &now, nullptr);
    }
    ::sigemptyset(&context.mask);
}

int vfork_child(void* shared) {
    auto& context = *static_cast<vfork_context*>(shared);
    if (context.clean) clean_up(context);
    ::sigprocmask(SIG_SETMASK, &context.mask, nullptr);
    ::execve(program, arguments, environ);
    context.failure = errno;
    ::_exit(127);
}

template <bool clean>
int start_by_vfork() {
    alignas(16) static char stack[65536];
    vfork_context context{clean};
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, &context.mask);  // no handler of ours may run in the child
    int pidfd = -1;
    const int pid =
        ::clone(vfork_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &context, &pidfd);
    ::sigprocmask(SIG_SETMASK, &context.mask, nullptr);
    bench::check(pid, "clone");
    bench::require(context.failure == 0, "exec has failed");
    return pidfd;
}

int start_by_fork() {
    const pid_t pid = bench::check(::fork(), "fork");
    if (pid == 0) {
        ::execve(program, arguments, environ);
        ::_exit(127);
    }
    return open_pidfd(pid);
}

int start_by_posix_spawn() {
    pid_t pid = -1;
    errno = ::posix_spawn(&pid, program, nullptr, nullptr, arguments, environ);
    bench::check(errno == 0 ? 0 : -1, "posix_spawn");
    return open_pidfd(pid);
}

}  // namespace

void with_vfork(bench::run& r) { loop(r, start_by_vfork<false>); }
void with_clean_vfork(bench::run& r) { loop(r, start_by_vfork<true>); }
void with_fork(bench::run& r) { loop(r, start_by_fork); }
void with_posix_spawn(bench::run& r) { loop(r, start_by_posix_spawn); }

}  // namespace spawning
