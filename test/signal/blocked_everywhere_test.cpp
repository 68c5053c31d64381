// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "signal/blocked_everywhere.hpp"

#include "signal_leftovers.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdint>
#include <initializer_list>
#include <latch>
#include <list>
#include <thread>

#include <sys/syscall.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(blocked_everywhere_test)

using parley::signal_mask;
using parley::detail::blocked_everywhere;
using parley::test::blocked;

// Threads that live side by side, in the order in which they began, each with SIGUSR1 blocked or open.
class threads {
public:
    explicit threads(std::initializer_list<bool> blocks) {
        for (const bool block : blocks) {
            std::latch ready(1);
            all_.emplace_back([&, block] {
                sigset_t set;
                sigemptyset(&set);
                sigaddset(&set, SIGUSR1);
                pthread_sigmask(block ? SIG_BLOCK : SIG_UNBLOCK, &set, nullptr);
                ready.count_down();
                end_.wait();
            });
            ready.wait();
        }
    }
    ~threads() {
        end_.count_down();
        for (auto& each : all_) each.join();
    }
    threads(const threads&) = delete;
    threads& operator=(const threads&) = delete;

private:
    std::latch end_{1};
    std::list<std::thread> all_;
};

BOOST_FIXTURE_TEST_SUITE(blocked_everywhere_suite, parley::test::no_signal_leftovers)

BOOST_AUTO_TEST_CASE(one_open_thread_decides_wherever_it_stands) {
    const blocked here({SIGUSR1, SIGUSR2});
    const auto answer = [](std::initializer_list<bool> others) {
        const threads beside(others);
        return blocked_everywhere({SIGUSR1});
    };
    BOOST_TEST(answer({}));
    BOOST_TEST(answer({true, true, true}));
    BOOST_TEST(!answer({false, true, true}));
    BOOST_TEST(!answer({true, false, true}));
    BOOST_TEST(!answer({true, true, false}));
    BOOST_TEST(!answer({false, false, false}));
}

// The C library starts a thread with everything blocked, its own signal 33 too, and only then sets the thread's mask.
// What that will be is not known yet, whatever the threads behind it say.
BOOST_AUTO_TEST_CASE(a_thread_that_has_not_begun_is_not_taken_for_one_that_blocks) {
    const blocked here({SIGUSR1});
    std::latch ready(1), open(1), opened(1), end(1);
    std::thread beginning([&] {
        const std::uint64_t library = std::uint64_t{1} << (33 - 1);
        ::syscall(SYS_rt_sigprocmask, SIG_BLOCK, &library, nullptr, sizeof library);
        ready.count_down();
        open.wait();
        ::syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &library, nullptr, sizeof library);
        opened.count_down();
        end.wait();
    });
    ready.wait();
    {
        const threads behind({true});
        BOOST_TEST(!blocked_everywhere({SIGUSR1}));
        open.count_down();
        opened.wait();
        BOOST_TEST(blocked_everywhere({SIGUSR1}));
    }
    end.count_down();
    beginning.join();
}

BOOST_AUTO_TEST_CASE(the_asking_thread_counts) {
    const threads beside({true});
    BOOST_TEST(!blocked_everywhere({SIGUSR1}));
}

BOOST_AUTO_TEST_CASE(every_signal_of_the_set_counts) {
    const blocked here({SIGUSR1, SIGUSR2, SIGRTMAX});
    BOOST_TEST(blocked_everywhere({SIGUSR1, SIGUSR2, SIGRTMAX}));
    BOOST_TEST(!blocked_everywhere({SIGUSR1, SIGALRM}));
    const threads beside({false});
    BOOST_TEST(blocked_everywhere({SIGUSR2, SIGRTMAX}));
    BOOST_TEST(!blocked_everywhere({SIGUSR1, SIGUSR2}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
