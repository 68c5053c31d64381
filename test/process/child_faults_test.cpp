// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What can go wrong with the end of a child: others who wait, statuses that are thrown away, output that outlives it,
// children that do not want to end.

#include <parley/process/child.hpp>

#include "fault.hpp"
#include "process_tools.hpp"
#include "sanitizers.hpp"
#include "temporary_directory.hpp"

#include <parley/core/timeout.hpp>
#include <parley/signal/disposition.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/read.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(child_faults_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

// Somebody in this process who waits for every child there is.
class thief {
public:
    thief()
        : thread_([this] {
              while (!stop_)
                  if (::waitpid(-1, nullptr, 0) > 0)
                      ++taken_;
                  else
                      std::this_thread::yield();
          }) {}
    thief(const thief&) = delete;
    thief& operator=(const thief&) = delete;
    ~thief() { caught(); }

    /// How many it has taken; none after this.
    int caught() {
        stop_ = true;
        if (thread_.joinable()) thread_.join();
        return taken_;
    }

private:
    std::atomic<bool> stop_{false};
    std::atomic<int> taken_{0};
    std::thread thread_;
};

// Other code of this process, which starts children of its own until it is told to stop.
class other_code {
public:
    explicit other_code(bool (*turn)())
        : thread_([this, turn] {
              do {
                  ++(turn() ? right_ : wrong_);
              } while (!stop_ || right_ + wrong_ < 10);
          }) {}
    other_code(const other_code&) = delete;
    other_code& operator=(const other_code&) = delete;
    ~other_code() { stop(); }

    void stop() {
        stop_ = true;
        if (thread_.joinable()) thread_.join();
    }
    int right() const { return right_; }
    int wrong() const { return wrong_; }

private:
    std::atomic<bool> stop_{false};
    std::atomic<int> right_{0}, wrong_{0};
    std::thread thread_;
};

bool ends_with(pid_t pid, int code) {
    int status = 0;
    return pid > 0 && ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == code;
}

bool by_system() { return std::system("exit 5") == 5 << 8; }

bool by_popen() {
    FILE* pipe = ::popen("echo text; exit 6", "r");
    char text[16] = {};
    const bool read = std::fgets(text, sizeof text, pipe) != nullptr && std::string(text) == "text\n";
    return ::pclose(pipe) == 6 << 8 && read;
}

bool by_fork() {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(7);
    return ends_with(pid, 7);
}

bool by_posix_spawn() {
    pid_t pid = -1;
    char name[] = "sh", option[] = "-c", line[] = "exit 8";
    char* words[] = {name, option, line, nullptr};
    return ::posix_spawn(&pid, "/bin/sh", nullptr, nullptr, words, environ) == 0 && ends_with(pid, 8);
}

// The most memory that this process has had since `forget_peak`.
std::size_t peak_memory() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;)
        if (std::size_t kilobytes = 0; word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
    return 0;
}

void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

// What the child still says until the end of its output.
task<std::string> rest_of_output(child& c) {
    std::string text;
    error_code ec;
    co_await asio::async_read(c.out(), asio::dynamic_buffer(text), asio::redirect_error(asio::use_awaitable, ec));
    co_return text;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(child_faults_suite, process_fixture)

// Who else waits

BOOST_AUTO_TEST_CASE(a_status_that_somebody_else_took_is_unknown_and_never_a_success) {
    // On a kernel that does not keep what was taken: each of 500 is exact or unknown, and as many are unknown as were
    // taken.
    const fault not_kept(sys::call::pidfd_get_info, ENOTTY);
    thief other;
    std::vector<child> all;
    std::array<int, 500> told{};
    int ended = 0, unknown = 0;
    for (std::size_t i = 0; i < told.size(); ++i) {
        const int code = static_cast<int>(i % 256);
        all.push_back(start(shell("exit " + std::to_string(code))));
        all.back().async_wait([&, i, code](error_code ec, exit_status s) {
            BOOST_TEST(!ec);
            BOOST_TEST((s == exit_status::exited(code) || !s.known()), "told " << s << " for " << code);
            unknown += !s.known();
            ++ended, ++told[i];
        });
    }
    run_until(io, [&] { return ended == 500; });
    run_ready(io);
    BOOST_TEST(unknown == other.caught());
    for (const int times : told) BOOST_REQUIRE(times == 1);
    BOOST_TEST_MESSAGE(unknown << " of 500 statuses were taken");
}

BOOST_AUTO_TEST_CASE(a_status_that_somebody_else_took_is_exact_where_the_kernel_keeps_it) {
    thief other;
    int ended = 0, unknown = 0;
    std::vector<child> all;
    for (int i = 0; i < 100; ++i) {
        all.push_back(start(shell("exit 7")));
        all.back().async_wait([&](error_code ec, exit_status s) {
            BOOST_TEST(!ec);
            BOOST_TEST((s == exit_status::exited(7) || !s.known()));
            unknown += !s.known(), ++ended;
        });
    }
    run_until(io, [&] { return ended == 100; });
    BOOST_TEST(unknown <= other.caught());  // from Linux 6.15 on: none
    BOOST_TEST_MESSAGE(unknown << " of 100 statuses were lost");
}

BOOST_AUTO_TEST_CASE(other_peoples_children_are_left_alone) {
    other_code first(by_system), second(by_popen), third(by_fork), fourth(by_posix_spawn);
    int ended = 0;
    std::vector<child> all;
    for (int i = 0; i < 500; ++i) {
        all.push_back(start(shell("exit " + std::to_string(i % 256))));
        all.back().async_wait([&, i](error_code, exit_status s) {
            BOOST_TEST(s == exit_status::exited(i % 256));
            ++ended;
        });
        run_until(io, [&] { return ended + 20 > i; });
    }
    run_until(io, [&] { return ended == 500; });
    for (auto* code : {&first, &second, &third, &fourth}) {
        code->stop();
        BOOST_TEST(code->wrong() == 0);
        BOOST_TEST(code->right() >= 10);
    }
}

BOOST_AUTO_TEST_CASE(a_program_begun_with_sigchld_ignored_is_told_at_its_first_start) {
    // What is ignored stays so over an exec: whoever began a program may have done that.
    command what{.program = "/usr/bin/env", .arguments = {test_child(), "start-one"}};
    BOOST_TEST(run(what).out == "exited with 0\n");
    what.arguments.insert(what.arguments.begin(), "--ignore-signal=CHLD");
    const auto said = run(what).out;
    BOOST_TEST(said.starts_with("spawn /bin/true: "), said);
    BOOST_TEST(said.find("SIGCHLD") != std::string::npos, said);
}

BOOST_AUTO_TEST_CASE(a_status_that_is_thrown_away_after_the_start_is_unknown) {
    const fault not_kept(sys::call::pidfd_get_info, ENOTTY);
    auto running = run_task(io, start_ready(helper({"ready"})));
    const scoped_disposition ignored(SIGCHLD, disposition::ignore);
    BOOST_TEST(running.send_signal(SIGTERM).has_value());
    const auto status = end_of(running);
    BOOST_TEST(!status.known());
    BOOST_TEST(!status.success());
}

BOOST_AUTO_TEST_CASE(a_core_dump_is_told_as_the_kernel_tells_it) {
    const temporary_directory place;
    for (const auto most : {std::uint64_t{0}, resource_limit::unlimited}) {
        auto what = shell("kill -QUIT $$");
        what.directory = place.path();
        rlimit now{};
        ::getrlimit(RLIMIT_CORE, &now);
        what.limits = {{RLIMIT_CORE, std::min<std::uint64_t>(most, now.rlim_max), now.rlim_max}};
        auto running = start(what);
        siginfo_t seen{};
        BOOST_TEST(::waitid(P_PID, static_cast<id_t>(running.pid()), &seen, WEXITED | WNOWAIT) == 0);
        const auto status = end_of(running);
        BOOST_TEST(status == exit_status::signalled(SIGQUIT, seen.si_code == CLD_DUMPED));
        BOOST_TEST_MESSAGE("the kernel says: " << status);
    }
}

// Output that outlives the child, or is more than anybody wants

BOOST_AUTO_TEST_CASE(the_end_of_a_child_does_not_wait_for_the_end_of_its_output) {
    auto what = shell("sleep 1000 & echo $!; exit 0");
    const auto r = run(what, {.drain_grace = 20ms});
    BOOST_TEST(r.status.success());
    BOOST_TEST(!r.drained);
    BOOST_REQUIRE(!r.out.empty());
    BOOST_TEST(::kill(std::stoi(r.out), SIGKILL) == 0);

    what.out = stdio::pipe();
    auto running = start(what);
    BOOST_TEST(end_of(running).success());
    const auto sleeper = run_task(io, next_line(running));
    run_task(io, [](child& c) -> task<> {
        char byte = 0;
        auto [ec, n] = co_await with_timeout(c.out().async_read_some(asio::buffer(&byte, 1), asio::deferred), 20ms,
                                             asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(ec == asio::error::timed_out);  // the end of the output is another event
    }(running));
    BOOST_TEST(::kill(std::stoi(sleeper), SIGKILL) == 0);
    BOOST_TEST(run_task(io, rest_of_output(running)).empty());
}

BOOST_AUTO_TEST_CASE(a_flood_of_both_streams_stays_within_the_limits) {
    // A gigabyte on each; a sixteenth of that under a sanitizer, and there no look at memory, of which it takes its
    // own.
    const long bytes = sanitized ? 64L << 20 : 1L << 30;
    constexpr std::size_t limit = 1 << 20, slack = 16 << 20;
    run(helper({"flood", "100000"}));
    for (const auto policy : {capture_overflow::keep_head, capture_overflow::keep_tail}) {
        forget_peak();
        const auto before = peak_memory();
        const auto r = run(helper({"flood", std::to_string(policy == capture_overflow::keep_head ? bytes : bytes / 8)}),
                           {.output_limit = limit, .error_limit = limit, .on_overflow = policy});
        const auto peak = peak_memory();
        BOOST_TEST(r.status.success());
        BOOST_TEST((r.out_truncated && r.err_truncated));
        BOOST_TEST(r.out.size() == limit);
        BOOST_TEST(r.err.size() == limit);
        if (!sanitized) BOOST_TEST(peak <= before + 2 * limit + slack, peak << " after " << before);
    }
}

// Children that do not want to end

BOOST_AUTO_TEST_CASE(fifty_children_that_do_not_listen_end_with_the_grace) {
    // Deaf, or deaf and stopped, or held by a tracer in the stop that every signal brings.
    const auto deaf = helper({"ignore", std::to_string(SIGTERM)});
    std::vector<child> all;
    for (int i = 0; i < 50; ++i) all.push_back(run_task(io, start_ready(i % 3 == 2 ? helper({"ready"}) : deaf)));
    auto tracing = helper({"hold"});
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i % 3 == 1) BOOST_TEST(all[i].suspend().has_value());
        if (i % 3 == 2) tracing.arguments.push_back(std::to_string(all[i].pid()));
    }
    tracing.out = stdio::pipe();
    auto tracer = start(tracing);
    const auto said = run_task(io, next_line(tracer));
    const bool traced = said == "ready";
    if (!traced) BOOST_TEST_MESSAGE("without tracing, which this machine does not let us do (" << said << ")");

    int ended = 0, killed = 0;
    for (auto& c : all)
        c.async_stop(stop_policy{SIGTERM, 100ms}, [&](error_code ec, exit_status s) {
            BOOST_TEST(!ec);
            ++ended, killed += s == exit_status::signalled(SIGKILL);
        });
    run_until(io, [&] { return ended == 50; });
    BOOST_TEST(killed == (traced ? 50 : 34));
    BOOST_TEST(end_of(tracer).known());
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
