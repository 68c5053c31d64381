// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/signal/send_signal.hpp>

#include <parley/core/unique_fd.hpp>

#include "core/syscall.hpp"
#include "forked.hpp"
#include "leftovers.hpp"
#include "skip.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

#include <cerrno>
#include <csignal>
#include <string>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(send_signal_test)

using parley::pidfd_ref;
using parley::queue_signal;
using parley::send_signal;
using parley::send_signal_to_group;
using parley::signal_value;
using parley::test::forked;

parley::error_code os_error(int number) { return {number, boost::system::system_category()}; }

int sleep_for_ever() {
    for (;;) ::pause();
}

// Holds SIGUSR1 and two real-time signals back and takes them one by one.
struct receiver {
    receiver() {
        sigemptyset(&set);
        for (const int number : {SIGUSR1, SIGRTMIN, SIGRTMIN + 1}) sigaddset(&set, number);
        pthread_sigmask(SIG_BLOCK, &set, &earlier_);
    }
    ~receiver() {
        while (next().si_signo != 0) {}
        pthread_sigmask(SIG_SETMASK, &earlier_, nullptr);
    }
    siginfo_t next() const {
        siginfo_t info{};
        const timespec at_once{};
        if (::sigtimedwait(&set, &info, &at_once) < 0) info.si_signo = 0;
        return info;
    }
    sigset_t set;

private:
    sigset_t earlier_;
};

BOOST_FIXTURE_TEST_SUITE(clean, parley::test::no_leftovers)

BOOST_AUTO_TEST_CASE(a_process_is_signalled_by_pid) {
    forked child(sleep_for_ever);
    send_signal(child.pid(), SIGTERM).value();
    BOOST_TEST(WTERMSIG(child.wait()) == SIGTERM);
}

BOOST_AUTO_TEST_CASE(a_process_is_signalled_through_its_pidfd) {
    forked child(sleep_for_ever);
    const auto pidfd = parley::sys::pidfd_open(child.pid()).value();
    send_signal(pidfd_ref{pidfd.get()}, 0).value();
    send_signal(pidfd_ref{pidfd.get()}, SIGUSR2).value();
    BOOST_TEST(WTERMSIG(child.wait()) == SIGUSR2);
    const auto late = send_signal(pidfd_ref{pidfd.get()}, SIGTERM);
    BOOST_TEST(late.error().code() == os_error(ESRCH));
    BOOST_TEST(late.error().context() == "send SIGTERM to the process of pidfd " + std::to_string(pidfd.get()));
}

BOOST_AUTO_TEST_CASE(number_zero_asks_whether_the_process_is_there) {
    pid_t pid;
    {
        forked child(sleep_for_ever);
        pid = child.pid();
        BOOST_TEST(send_signal(pid, 0).has_value());
        BOOST_TEST(queue_signal(pid, 0, 7).has_value());
    }
    BOOST_TEST(send_signal(pid, 0).error().code() == os_error(ESRCH));
}

BOOST_AUTO_TEST_CASE(the_error_says_what_was_sent_and_to_whom) {
    pid_t pid;
    {
        pid = forked([] { return 0; }).pid();
    }
    const auto refused = send_signal(pid, SIGTERM);
    BOOST_TEST(refused.error().message() == "send SIGTERM to process " + std::to_string(pid) + ": No such process");
    BOOST_TEST(queue_signal(pid, SIGRTMIN + 2, 1).error().context() ==
               "send SIGRTMIN+2 to process " + std::to_string(pid));
}

BOOST_AUTO_TEST_CASE(pids_that_mean_groups_or_everybody_are_refused) {
    for (const pid_t pid : {0, -1, -2, -::getpid()}) {
        BOOST_TEST(send_signal(pid, 0).error().code() == make_error_code(parley::errc::invalid_process));
        BOOST_TEST(queue_signal(pid, 0, 1).error().code() == make_error_code(parley::errc::invalid_process));
    }
    for (const pid_t group : {1, 0, -1, -::getpgrp()})
        BOOST_TEST(send_signal_to_group(group, 0).error().code() == make_error_code(parley::errc::invalid_process));
}

BOOST_AUTO_TEST_CASE(numbers_that_are_no_signal_are_refused) {
    for (const int number : {-1, 32, 33, NSIG, 1 << 30}) {
        const auto unknown = make_error_code(parley::errc::unknown_signal);
        BOOST_TEST(send_signal(::getpid(), number).error().code() == unknown);
        BOOST_TEST(queue_signal(::getpid(), number, 1).error().code() == unknown);
        BOOST_TEST(send_signal_to_group(std::max(::getpgrp(), pid_t{2}), number).error().code() ==
                   unknown);  // 1 in a container
        BOOST_TEST(parley::send_signal_to_own_group(number).error().code() == unknown);
        BOOST_TEST(parley::raise_signal(number).error().code() == unknown);
    }
}

BOOST_AUTO_TEST_CASE(a_descriptor_that_is_no_pidfd_is_an_error) {
    BOOST_TEST(send_signal(pidfd_ref{-1}, SIGTERM).error().code() == os_error(EBADF));
    BOOST_TEST(send_signal(pidfd_ref{0}, SIGTERM).error().code() == os_error(EBADF));
}

BOOST_FIXTURE_TEST_CASE(queued_signals_keep_count_order_and_value, receiver) {
    int mark = 0;
    queue_signal(::getpid(), SIGRTMIN + 1, 30).value();
    queue_signal(::getpid(), SIGRTMIN, -10).value();
    queue_signal(::getpid(), SIGRTMIN, signal_value(&mark)).value();
    const auto first = next();
    BOOST_TEST(first.si_signo == SIGRTMIN);
    BOOST_TEST(first.si_value.sival_int == -10);
    BOOST_TEST(first.si_code == SI_QUEUE);
    BOOST_TEST(first.si_pid == ::getpid());
    BOOST_TEST(first.si_uid == ::getuid());
    BOOST_TEST(next().si_value.sival_ptr == &mark);
    const auto last = next();
    BOOST_TEST(last.si_signo == SIGRTMIN + 1);
    BOOST_TEST(last.si_value.sival_int == 30);
    BOOST_TEST(next().si_signo == 0);
}

BOOST_FIXTURE_TEST_CASE(a_value_passes_through_a_pidfd, receiver) {
    const auto self = parley::sys::pidfd_open(::getpid()).value();
    queue_signal(pidfd_ref{self.get()}, SIGRTMIN, 99).value();
    BOOST_TEST(next().si_value.sival_int == 99);
}

BOOST_FIXTURE_TEST_CASE(a_value_reaches_another_process, receiver) {
    forked child([this] {
        siginfo_t info{};
        ::sigwaitinfo(&set, &info);
        return info.si_pid == ::getppid() ? info.si_value.sival_int : 1;
    });
    queue_signal(child.pid(), SIGRTMIN, 77).value();
    BOOST_TEST(WEXITSTATUS(child.wait()) == 77);
}

BOOST_FIXTURE_TEST_CASE(raise_reaches_the_calling_thread_and_no_other, receiver) {
    parley::raise_signal(SIGUSR1).value();
    BOOST_TEST(next().si_signo == SIGUSR1);
    std::thread([] { parley::raise_signal(SIGUSR1).value(); }).join();
    BOOST_TEST(next().si_signo == 0);
    BOOST_TEST(parley::raise_signal(0).has_value());
}

BOOST_AUTO_TEST_CASE(a_group_is_signalled_whole) {
    forked leader([] { return ::setpgid(0, 0), sleep_for_ever(); });
    ::setpgid(leader.pid(), leader.pid());  // from both sides: one of them is first
    forked member(sleep_for_ever);
    BOOST_TEST_REQUIRE(::setpgid(member.pid(), leader.pid()) == 0);
    send_signal_to_group(leader.pid(), SIGUSR1).value();
    BOOST_TEST(WTERMSIG(leader.wait()) == SIGUSR1);
    BOOST_TEST(WTERMSIG(member.wait()) == SIGUSR1);
    BOOST_TEST(send_signal_to_group(leader.pid(), 0).error().message() ==
               "send signal 0 to process group " + std::to_string(leader.pid()) + ": No such process");
}

BOOST_AUTO_TEST_CASE(the_own_group_includes_the_sender) {
    forked child([] {
        ::setpgid(0, 0);
        parley::send_signal_to_own_group(SIGUSR2).value();
        return 0;
    });
    BOOST_TEST(WTERMSIG(child.wait()) == SIGUSR2);
}

BOOST_AUTO_TEST_CASE(a_stranger_may_not_be_signalled) {
    if (::geteuid() != 0) {
        parley::test::skip_case("needs root to become somebody else");
        return;
    }
    forked child([] {
        if (::setresuid(65534, 65534, 65534) != 0) return 2;
        return send_signal(::getppid(), 0).error().code() == os_error(EPERM) ? 0 : 1;
    });
    BOOST_TEST(WEXITSTATUS(child.wait()) == 0);
}

int no_pidfd(parley::sys::call c) noexcept { return c == parley::sys::call::pidfd_open ? ENOSYS : 0; }

BOOST_AUTO_TEST_CASE(a_kernel_without_pidfds_is_an_error_and_never_a_kill_by_number) {
    forked child(sleep_for_ever);
    const auto earlier = parley::sys::set_fault_hook(no_pidfd);
    const auto refused = send_signal(child.pid(), SIGTERM);
    parley::sys::set_fault_hook(earlier);
    BOOST_TEST(refused.error().code() == os_error(ENOSYS));
    BOOST_TEST(::kill(child.pid(), 0) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
