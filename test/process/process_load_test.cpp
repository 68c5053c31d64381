// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Many children and many pipes: what the kernel counts per user.

#include <parley/process/child.hpp>

#include "descriptor_limits.hpp"
#include "process_tools.hpp"
#include "sanitizers.hpp"
#include "skip.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(process_load_test)

using namespace parley;
using namespace parley::test;

BOOST_FIXTURE_TEST_SUITE(process_load_suite, process_fixture)

BOOST_AUTO_TEST_CASE(of_a_thousand_children_that_end_at_once_each_is_told_once_with_its_own_code) {
    const many_descriptors enough;
    if (!enough.are(2000)) return;
    constexpr std::size_t count = 1000;
    std::array<std::array<int, 2>, count> told{};  // by each of two waiters
    std::vector<child> all;
    // All read the one pipe, and its end is the end of all.
    int ends[2];
    BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const unique_fd gate(ends[0]);
    unique_fd key(ends[1]);
    for (std::size_t i = 0; i < count; ++i) {
        const int code = static_cast<int>(i % 256);
        auto what = shell("read nothing; exit " + std::to_string(code));
        what.in = stdio::descriptor(gate.get());
        all.push_back(start(what));
        for (auto& times : told[i])
            all.back().async_wait([&times, code](error_code ec, exit_status s) {
                BOOST_TEST(!ec);
                BOOST_TEST(s == exit_status::exited(code));
                ++times;
            });
    }
    run_ready(io);
    BOOST_TEST(children().size() == count);
    BOOST_TEST(std::ranges::all_of(told, [](const auto& times) { return times[0] == 0 && times[1] == 0; }));
    key.reset();
    BOOST_TEST(run_dry(io));
    BOOST_TEST(std::ranges::all_of(told, [](const auto& times) { return times[0] == 1 && times[1] == 1; }));
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(a_kill_from_another_thread_races_with_the_wait_and_one_true_status_comes) {
    // Of 5,000 children, 1,000 under a sanitizer, each is killed within 200 us of its start, and asked for its status
    // by two threads.
    constexpr int batch = 50, batches = sanitized ? 20 : 100;
    std::atomic<int> wrong{0};
    for (int round = 0; round < batches; ++round) {
        std::vector<child> all;
        all.reserve(batch);
        std::atomic<std::size_t> started{0};
        std::thread killer([&, round] {
            std::minstd_rand random(static_cast<unsigned>(round + 1));
            for (std::size_t i = 0; i < batch; ++i) {
                while (started <= i) std::this_thread::yield();
                const auto when = std::chrono::steady_clock::now() + std::chrono::microseconds(random() % 200);
                while (std::chrono::steady_clock::now() < when) {}
                (void)all[i].send_signal(SIGKILL);
                (void)all[i].send_signal(SIGKILL);
                // The loop waits for the same end.
                std::optional<exit_status> status;
                const auto end = std::chrono::steady_clock::now() + guard;
                while (!(status = all[i].try_wait()) && std::chrono::steady_clock::now() < end)
                    std::this_thread::yield();
                wrong += status != exit_status::signalled(SIGKILL);
            }
        });
        std::array<int, batch> completions{};
        for (std::size_t i = 0; i < batch; ++i) {
            all.push_back(start({.program = "/bin/sleep", .arguments = {"1000"}}));
            all.back().async_wait([&completions, i](error_code ec, exit_status s) {
                BOOST_TEST(!ec);
                BOOST_TEST(s == exit_status::signalled(SIGKILL));
                ++completions[i];
            });
            ++started;
            io.restart();
            io.poll();
        }
        BOOST_TEST(run_dry(io));
        killer.join();
        for (const int times : completions) BOOST_TEST(times == 1);
    }
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(captures_work_when_the_user_has_used_up_the_memory_for_pipes) {
    // Past /proc/sys/fs/pipe-user-pages-soft an ordinary user gets pipes of two pages and may not enlarge any.
    const many_descriptors enough;
    if (!enough.are(2400)) return;
    constexpr uid_t nobody = 65534;
    auto what = helper({"exit", "0"});
    if (::geteuid() == 0) what.run_as = {nobody, nobody};
    if (auto reached = spawn(ex, what); !reached) {
        skip_case(reached.error().message());
        return;
    }
    what.arguments = {"small-pipes", "1100"};
    const auto r = run(what);
    const auto first = r.out.substr(0, r.out.find('\n'));
    BOOST_TEST(r.out == first + "\nwhole\nwhole\nwhole\n", r.out << r.err);
    if (std::stoi(first) > 8192) BOOST_TEST_MESSAGE("this machine has no such limit: a pipe still holds " << first);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
