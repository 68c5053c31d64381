// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "child_duty.hpp"

#include "core/syscall.hpp"

#include <parley/process/init_duty.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <optional>
#include <utility>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

constexpr std::uint64_t mark = (std::uint64_t{1} << 62) + 5;

// As that of a tree.
bool set_mark(std::uint64_t number) {
    rlimit limit{};
    ::getrlimit(RLIMIT_RTTIME, &limit);
    limit.rlim_cur = number;
    return ::setrlimit(RLIMIT_RTTIME, &limit) == 0;
}

void wait_for_end(pid_t child) {
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
}

// A child that has ended and waits to be reaped.
pid_t dead_child(int code) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(code);
    wait_for_end(pid);
    return pid;
}

// What is certainly reaped: who else was dead before it has been looked at then, too.
void leave_an_orphan() {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(set_mark(mark) ? 0 : 1);
    wait_for_end(pid);
}

bool run_until_reaped(parley::asio::io_context& io, const parley::init_duty& duty, std::uint64_t count) {
    const auto end = clock_type::now() + 60s;
    while (duty.reaped() < count && clock_type::now() < end) io.run_for(1ms);
    return duty.reaped() >= count;
}

int tell(const char* what) {
    std::cout << what << std::endl;
    return 0;
}

// The next process of this namespace gets this number.
void give_again(pid_t number) { std::ofstream("/proc/sys/kernel/ns_last_pid") << number - 1; }

// The number of a child from before the duty belongs to an orphan now.
int adopted_at_once(parley::asio::io_context& io) {
    const pid_t child = dead_child(3);
    const parley::init_duty duty(io.get_executor(), {.unclaimed_after = std::nullopt});
    // The start of a process is counted in hundredths of a second.
    const auto other_start = clock_type::now() + 30ms;
    const pid_t parent = ::fork();
    if (parent == 0) {
        ::setsid();
        while (clock_type::now() < other_start) ::usleep(1000);
        while (::kill(child, 0) == 0) ::usleep(1000);
        give_again(child);
        ::_exit(::fork() == child ? 0 : 1);
    }
    ::waitpid(child, nullptr, 0);
    int status = 0;
    if (::waitpid(parent, &status, 0) != parent || status != 0) return 77;
    return tell(run_until_reaped(io, duty, 1) ? "reaped at once" : "left");
}

// The number of a child that has been dead for long belongs to one that has just ended.
int given_time(parley::asio::io_context& io) {
    constexpr auto time = 300ms;
    parley::init_duty duty(io.get_executor(), {.unclaimed_after = time});
    const pid_t child = dead_child(3);
    duty.claim(child);
    leave_an_orphan();
    if (!run_until_reaped(io, duty, 1)) return 3;
    io.run_for(time);
    leave_an_orphan();
    if (!run_until_reaped(io, duty, 2)) return 4;  // it looks often from now on
    ::waitpid(child, nullptr, 0);
    give_again(child);
    const auto begin = clock_type::now();
    if (dead_child(4) != child) return 77;
    duty.disclaim(child);
    if (!run_until_reaped(io, duty, 3)) return 5;
    return tell(clock_type::now() - begin >= time ? "given time" : "taken for the dead one");
}

// When a child is about to be reaped the program does it itself, and the number belongs to its next one.
int left_alone(parley::asio::io_context& io) {
    static pid_t child = 0;
    static bool given = false, again = false;
    const parley::init_duty duty(io.get_executor(), {.unclaimed_after = 200ms});
    child = dead_child(3);
    const auto earlier = parley::sys::set_fault_hook([](parley::sys::call c) noexcept {
        if (c != parley::sys::call::pidfd_open || std::exchange(given, true)) return 0;
        ::waitpid(child, nullptr, 0);
        ::usleep(30'000);  // another start
        give_again(child);
        again = dead_child(4) == child;
        return 0;
    });
    const auto end = clock_type::now() + 60s;
    while (!given && clock_type::now() < end) io.run_for(1ms);
    parley::sys::set_fault_hook(earlier);
    if (!again) return 77;
    int status = 0;
    return tell(::waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 4 ? "left alone" : "reaped");
}

}  // namespace

int duty(const std::vector<std::string>& w) {
    parley::asio::io_context io;
    const auto& how = w.at(0);
    std::optional<parley::init_duty> duty;
    const auto begin_duty = [&] { duty.emplace(io.get_executor(), parley::init_duty_options{std::nullopt}); };
    if (how == "in-a-tree" && !set_mark(mark + 1)) return 3;
    pid_t child = how == "new-session-before" ? dead_child(7) : 0;
    if (how == "new-session-after") begin_duty();
    if (how != "in-a-tree" && ::setsid() < 0) return 4;
    if (!duty) begin_duty();
    if (child == 0) child = dead_child(7);
    leave_an_orphan();
    if (!run_until_reaped(io, *duty, 1)) return 5;
    int status = 0;
    const bool left = ::waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7;
    return tell(left && duty->reaped() == 1 ? "left alone" : "reaped");
}

int duty_number_again(const std::vector<std::string>& w) {
    if (::getpid() != 1) return 77;
    parley::asio::io_context io;
    if (w.at(0) == "adopted") return adopted_at_once(io);
    return w.at(0) == "dead-for-long" ? given_time(io) : left_alone(io);
}
