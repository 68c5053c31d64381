// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "senders.hpp"

#include "cores.hpp"

#include <exception>
#include <vector>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

void with_children(std::size_t children, const std::function<void(std::size_t)>& work,
                   const std::function<void()>& here) {
    std::vector<pid_t> started;
    for (std::size_t i = 0; i < children; ++i) {
        const pid_t child = check(::fork(), "fork");
        if (child == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // also where this process hangs and is killed
            try {
                work(i);
            } catch (const std::exception&) {  // the other side misses it, or has gone
            }
            ::_exit(0);
        }
        started.push_back(child);
    }
    std::exception_ptr failure;
    try {
        here();
    } catch (...) {
        failure = std::current_exception();
    }
    for (const pid_t child : started) ::kill(child, SIGKILL);
    for (const pid_t child : started) check(::waitpid(child, nullptr, 0), "waitpid");
    if (failure) std::rethrow_exception(failure);
}

void with_senders(cpus where, std::size_t senders, const std::function<void(std::size_t)>& send,
                  const std::function<void()>& receive) {
    with_children(
        senders,
        [&](std::size_t sender) {
            pin(where, side::there);
            send(sender);
        },
        [&] {
            pin(where, side::here);
            receive();
        });
}

}  // namespace bench
