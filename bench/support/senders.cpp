// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "senders.hpp"

#include "bench.hpp"
#include "cores.hpp"

#include <exception>
#include <vector>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

void with_senders(std::size_t senders, const std::function<void(std::size_t)>& send,
                  const std::function<void()>& receive) {
    std::vector<pid_t> children;
    for (std::size_t sender = 0; sender < senders; ++sender) {
        const pid_t child = check(::fork(), "fork");
        if (child == 0) {
            try {
                ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // also where the receiver hangs and is killed
                pin_to_core(1);
                send(sender);
            } catch (const std::exception&) {  // the receiver misses the messages
            }
            ::_exit(0);
        }
        children.push_back(child);
    }
    std::exception_ptr failure;
    try {
        pin_to_core(0);
        receive();
    } catch (...) {
        failure = std::current_exception();
    }
    for (const pid_t child : children) ::kill(child, SIGKILL);
    for (const pid_t child : children) check(::waitpid(child, nullptr, 0), "waitpid");
    if (failure) std::rethrow_exception(failure);
}

}  // namespace bench
