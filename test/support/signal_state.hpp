// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Signals as a test needs them: let through, with a disposition of the test's choice, and as before at the end.
#pragma once

#include <csignal>
#include <initializer_list>
#include <utility>
#include <vector>

#include <pthread.h>

namespace parley::test {

/// The disposition of one signal.
inline struct ::sigaction action_of(int number) {
    struct ::sigaction now {};
    ::sigaction(number, nullptr, &now);
    return now;
}

inline bool handler_is(int number, void (*handler)(int)) { return action_of(number).sa_handler == handler; }

/// Sets `handler` for each number and unblocks it; mask and dispositions come back at the end of the scope.
class signal_state {
public:
    explicit signal_state(std::initializer_list<int> numbers, void (*handler)(int) = SIG_DFL) {
        sigset_t open;
        sigemptyset(&open);
        for (const int number : numbers) {
            sigaddset(&open, number);
            struct ::sigaction wanted {
            }, before{};
            wanted.sa_handler = handler;
            ::sigaction(number, &wanted, &before);
            earlier_.emplace_back(number, before);
        }
        ::pthread_sigmask(SIG_UNBLOCK, &open, &mask_);
    }
    signal_state(const signal_state&) = delete;
    signal_state& operator=(const signal_state&) = delete;
    ~signal_state() {
        ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
        for (const auto& [number, before] : earlier_) ::sigaction(number, &before, nullptr);
    }

private:
    std::vector<std::pair<int, struct ::sigaction>> earlier_;
    sigset_t mask_{};
};

}  // namespace parley::test
