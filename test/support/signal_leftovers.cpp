// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "signal_leftovers.hpp"

#include <boost/test/unit_test.hpp>

namespace parley::test {

std::map<int, struct ::sigaction> dispositions() {
    std::map<int, struct ::sigaction> found;
    for (int number = 1; number < NSIG; ++number) {
        struct ::sigaction now {};
        if (::sigaction(number, nullptr, &now) == 0) found.emplace(number, now);
    }
    return found;
}

bool same_disposition(const struct ::sigaction& a, const struct ::sigaction& b) {
    constexpr int set_by_the_c_library = 0x04000000;  // SA_RESTORER
    if ((a.sa_flags | set_by_the_c_library) != (b.sa_flags | set_by_the_c_library)) return false;
    if (a.sa_flags & SA_SIGINFO ? a.sa_sigaction != b.sa_sigaction : a.sa_handler != b.sa_handler) return false;
    if (!(a.sa_flags & SA_SIGINFO) && (a.sa_handler == SIG_DFL || a.sa_handler == SIG_IGN))
        return true;  // no use for a mask
    for (int number = 1; number < NSIG; ++number)
        if (sigismember(&a.sa_mask, number) != sigismember(&b.sa_mask, number)) return false;
    return true;
}

no_signal_leftovers::no_signal_leftovers() : before_(dispositions()) { pthread_sigmask(SIG_SETMASK, nullptr, &mask_); }

no_signal_leftovers::~no_signal_leftovers() {
    for (const auto& [number, now] : dispositions())
        if (!same_disposition(now, before_.at(number)))
            BOOST_ERROR("the disposition of signal " << number << " was left changed");
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, nullptr, &now);
    for (int number = 1; number < NSIG; ++number)
        if (sigismember(&now, number) != sigismember(&mask_, number))
            BOOST_ERROR("signal " << number << " was left (un)blocked");
}

blocked::blocked(std::initializer_list<int> numbers) {
    sigemptyset(&set_);
    for (const int number : numbers) sigaddset(&set_, number);
    pthread_sigmask(SIG_BLOCK, &set_, &earlier_);
}

blocked::~blocked() {
    const timespec at_once{};
    while (::sigtimedwait(&set_, nullptr, &at_once) > 0) {}
    pthread_sigmask(SIG_SETMASK, &earlier_, nullptr);
}

}  // namespace parley::test
