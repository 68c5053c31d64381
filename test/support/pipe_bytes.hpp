// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Pipes filled and emptied by hand, the outcome of a write, SIGPIPE as lethal as by default.
#pragma once

#include <parley/core/asio.hpp>

#include <csignal>
#include <cstddef>
#include <string>

#include <unistd.h>

namespace parley::test {

/// Writes to a non-blocking pipe until it is full; gives the number of bytes.
inline std::size_t fill(int fd) {
    const std::string block(4096, 'f');
    std::size_t total = 0;
    for (std::size_t size = block.size(); size != 0;) {
        const ssize_t n = ::write(fd, block.data(), size);
        if (n > 0) total += static_cast<std::size_t>(n);
        if (n < 0) size /= 2;
    }
    return total;
}

/// Reads from a non-blocking descriptor what there is.
inline std::string drain(int fd) {
    std::string all;
    char block[4096];
    for (ssize_t n; (n = ::read(fd, block, sizeof block)) > 0;) all.append(block, static_cast<std::size_t>(n));
    return all;
}

/// What a write ended with.
struct write_outcome {
    error_code ec;
    std::size_t bytes = 0;
    int count = 0;

    bool done() const { return count == 1; }
    auto handler() {
        return [this](error_code e, std::size_t n) { ec = e, bytes = n, ++count; };
    }
};

/// SIGPIPE has its default action, and is not blocked, for the length of a scope.
class default_sigpipe {
public:
    default_sigpipe() {
        struct ::sigaction action {};
        action.sa_handler = SIG_DFL;
        ::sigaction(SIGPIPE, &action, &earlier_);
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGPIPE);
        ::pthread_sigmask(SIG_UNBLOCK, &set, &mask_);
    }
    default_sigpipe(const default_sigpipe&) = delete;
    default_sigpipe& operator=(const default_sigpipe&) = delete;
    ~default_sigpipe() {
        ::sigaction(SIGPIPE, &earlier_, nullptr);
        ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    }

private:
    struct ::sigaction earlier_ {};
    sigset_t mask_{};
};

inline bool sigpipe_is_pending() {
    sigset_t pending;
    return ::sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

}  // namespace parley::test
