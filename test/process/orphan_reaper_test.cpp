// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Children that are handed to the helper thread.

#include "process/orphan_reaper.hpp"

#include "process_tools.hpp"

#include "core/syscall.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(orphan_reaper_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

template <typename Condition>
bool comes_true(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + time_left();
    while (!condition() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
    return condition();
}

bool is_gone(pid_t pid) {
    return comes_true([pid] { return ::kill(pid, 0) == -1; });
}

pid_t fork_one(bool ignores_sigterm = false) {
    if (ignores_sigterm) std::signal(SIGTERM, SIG_IGN);
    const pid_t pid = ::fork();
    if (pid == 0)
        for (;;) ::pause();
    std::signal(SIGTERM, SIG_DFL);
    return pid;
}

// Its pidfd gets this number.
void hand_over(pid_t pid, int number, std::optional<stop_policy> policy) {
    const auto pidfd = sys::pidfd_open(pid).value();
    unique_fd placed(::fcntl(pidfd.get(), F_DUPFD_CLOEXEC, number));
    BOOST_TEST_REQUIRE(placed.get() == number);
    adopt_orphan(pid, std::move(placed), policy);
}

std::atomic<int> waits{0};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(orphan_reaper_suite, process_fixture)

BOOST_AUTO_TEST_CASE(a_descriptor_number_that_is_used_again_costs_no_look) {
    constexpr int number = 400, another = 401;
    const auto before = open_descriptors();
    const pid_t short_lived = fork_one(), long_lived = fork_one(), keeper = fork_one();
    hand_over(keeper, another + 1, std::nullopt);
    hand_over(short_lived, number, stop_policy{SIGTERM, 1s});
    BOOST_TEST(is_gone(short_lived));
    BOOST_TEST(comes_true([] { return ::fcntl(number, F_GETFD) == -1; }));
    hand_over(long_lived, number, std::nullopt);
    const pid_t later = fork_one(true);
    hand_over(later, another, stop_policy{SIGTERM, 1s + 100ms});
    BOOST_TEST(is_gone(later));  // so the time at which the first would have been killed is over
    BOOST_TEST(comes_true([] { return ::fcntl(another, F_GETFD) == -1; }));

    const auto earlier = sys::set_fault_hook([](sys::call c) noexcept {
        if (c == sys::call::waitid) ++waits;
        return 0;
    });
    waits = 0;
    const pid_t last = fork_one(true);
    hand_over(last, another, stop_policy{SIGTERM, 500ms});
    BOOST_TEST(is_gone(last));
    sys::set_fault_hook(earlier);
    BOOST_TEST(waits <= 3, waits << " looks at the end of children, of which one has ended");

    for (const pid_t pid : {long_lived, keeper}) {
        ::kill(pid, SIGKILL);
        BOOST_TEST(is_gone(pid));
    }
    BOOST_TEST(comes_true([&] { return open_descriptors() == before; }));
}

BOOST_AUTO_TEST_CASE(a_program_waits_for_a_deaf_child_beside_one_that_may_take_any_time) {
    const auto r = run(helper({"leave-children", "endless"}));
    BOOST_TEST(r.status.success());
    BOOST_TEST(::kill(std::stoi(r.out), 0) == -1);
}

BOOST_AUTO_TEST_CASE(a_program_that_had_no_thread_for_a_child_waits_for_nobody_who_has_ended) {
    const auto r = run(helper({"leave-children", "threadless"}));
    BOOST_TEST(r.status.success());
    BOOST_TEST(r.out == "refused\n");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
