// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "forked.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <system_error>

#include <sys/wait.h>
#include <unistd.h>

namespace parley::test {

forked::forked(const std::function<int()>& body) {
    std::cout.flush();
    std::fflush(nullptr);  // the child shall not have anything to flush
    pid_ = ::fork();
    if (pid_ < 0) throw std::system_error(errno, std::system_category(), "fork");
    if (pid_ > 0) return;
    int code = 125;
    try {
        code = body();
    } catch (...) {  // the code tells
    }
    ::_exit(code);
}

forked::~forked() {
    if (reaped_) return;
    ::kill(pid_, SIGKILL);
    wait();
}

int forked::wait(bool stops) {
    int status = 0;
    pid_t got;
    while ((got = ::waitpid(pid_, &status, stops ? WUNTRACED : 0)) < 0 && errno == EINTR) {}
    if (got != pid_) throw std::system_error(errno, std::system_category(), "waitpid");
    if (!WIFSTOPPED(status)) reaped_ = true;
    return status;
}

}  // namespace parley::test
