// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A stop signal among a million others, while the loop is busy.

#include <parley/loop/application.hpp>
#include <parley/loop/shutdown.hpp>
#include <parley/signal/signal_watcher.hpp>

#include "forked.hpp"
#include "leftovers.hpp"
#include "run_task.hpp"
#include "sanitizers.hpp"
#include "signal_leftovers.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <ostream>
#include <string>

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(stop_signal_load_test)

namespace {

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

constexpr int million = sanitized ? 50'000 : 1'000'000;
constexpr int burst = sanitized ? 20'000 : 40'000;  // more than the pipe of asio::signal_set holds

// When the one signal comes that must be seen.
enum class place { first, in_the_middle, last };
std::ostream& operator<<(std::ostream& out, place p) {
    return out << (p == place::first ? "first" : p == place::last ? "last" : "in the middle");
}
const auto places = boost::unit_test::data::make({place::first, place::in_the_middle, place::last});

// Numbered signals, again whenever the kernel's queue is full.
void flood(pid_t to, int number, int count) {
    for (int i = 0; i < count; ++i)
        while (::sigqueue(to, number, sigval{.sival_int = i}) != 0) {
            if (errno != EAGAIN) return;
            ::sched_yield();
        }
}

// Until the process has taken what was sent: the kernel gives out the lower numbers first.
void wait_until_taken(pid_t by) {
    for (bool taken = false; !taken; ::sched_yield()) {
        std::ifstream file("/proc/" + std::to_string(by) + "/status");
        const std::string status(std::istreambuf_iterator<char>(file), {});
        taken = status.find("ShdPnd:\t0000000000000000") != std::string::npos;
    }
}

void flood_with(int wanted, place where, int noise, int count, pid_t to) {
    const int before = where == place::first ? 0 : where == place::last ? count : count / 2;
    flood(to, noise, before);
    if (to != ::getpid()) wait_until_taken(to);
    ::kill(to, wanted);  // 0: none
    flood(to, noise, count - before);
}

// Takes what comes, by handler, and has nothing to do with it.
task<> discard(signal_watcher& from) {
    for (;;) co_await from.async_wait(asio::use_awaitable);
}

struct fixture : no_signal_leftovers {
    asio::io_context io;
    signal_watcher noise{io.get_executor(), {SIGRTMIN}, {.by_handler = true}};

    fixture() {
        asio::co_spawn(io, discard(noise), asio::detached);
        run_ready(io);
    }
    ~fixture() {
        noise.close();
        run_ready(io);
    }
    // The loop is busy while all of it comes.
    void be_flooded(int wanted, place where, int count) {
        asio::post(io, [=] { flood_with(wanted, where, SIGRTMIN, count, ::getpid()); });
        io.restart();
        io.run_one();
    }
    void one_turn() {
        io.restart();
        io.poll();
    }
};

BOOST_FIXTURE_TEST_SUITE(stop_signal_load_suite, fixture)

BOOST_DATA_TEST_CASE(a_stop_signal_among_a_million_others_is_seen_within_one_turn, places, where) {
    shutdown_control stopping(io.get_executor(), {.signals = {SIGTERM}});
    run_ready(io);
    be_flooded(SIGTERM, where, million);
    one_turn();
    BOOST_TEST(stopping.phase() == shutdown_phase::draining);
    BOOST_TEST(stopping.signal_number() == SIGTERM);
    run_ready(io);
    BOOST_TEST(stopping.phase() == shutdown_phase::draining);  // and once
}

BOOST_DATA_TEST_CASE(a_stop_signal_does_not_need_room_in_the_pipe_of_all_signal_sets, places, where) {
    asio::signal_set everything(io, SIGRTMIN);  // now they fill it
    shutdown_control stopping(io.get_executor(), {.signals = {SIGTERM}});
    be_flooded(0, place::last, burst);
    be_flooded(SIGTERM, where, burst);
    one_turn();
    BOOST_TEST(stopping.phase() == shutdown_phase::draining);
}

BOOST_DATA_TEST_CASE(the_signal_of_another_watcher_is_seen, places, where) {
    signal_watcher other(io.get_executor(), {SIGUSR1}, {.by_handler = true});
    be_flooded(SIGUSR1, where, burst);
    const auto seen = other.try_wait();
    BOOST_TEST_REQUIRE(seen.has_value());
    BOOST_TEST(seen->number == SIGUSR1);
    BOOST_TEST(seen->sender_pid == ::getpid());
    BOOST_TEST(!other.try_wait());
    BOOST_TEST(other.missed() == 0u);
}

BOOST_DATA_TEST_CASE(a_signal_is_seen_although_others_have_filled_the_queue_of_its_own_watcher, places, where) {
    signal_watcher both(io.get_executor(), {SIGUSR1, SIGRTMIN}, {.by_handler = true});
    be_flooded(SIGUSR1, where, burst);
    int seen = 0, others = 0;
    std::uint64_t missed = 0;
    while (const auto event = both.try_wait()) {
        ++(event->number == SIGUSR1 ? seen : others);
        missed += event->missed;
    }
    BOOST_TEST(seen == 1);
    const int all = others + static_cast<int>(both.missed());
    BOOST_TEST((under_tsan ? all > 0 && all <= burst : all == burst), all);  // ThreadSanitizer drops signals itself
    BOOST_TEST(missed <= both.missed());
}

BOOST_DATA_TEST_CASE(a_watcher_does_not_fill_the_pipe_with_what_no_signal_set_waits_for, places, where) {
    asio::signal_set program(io, SIGUSR1);
    signal_watcher other(io.get_executor(), {SIGUSR1}, {.by_handler = true});
    const auto seen = std::make_shared<int>(0);
    program.async_wait([seen](error_code ec, int number) { *seen = ec ? -1 : number; });
    run_ready(io);
    be_flooded(SIGUSR1, where, burst);
    one_turn();
    BOOST_TEST(*seen == SIGUSR1);
    BOOST_TEST(other.try_wait().has_value());
}

BOOST_AUTO_TEST_SUITE_END()

// A program under `run` whose loop is busy while another process floods it.
int flooded_program() {
    ::alarm(60);  // ends one that has lost its signal
    const auto main = []() -> task<int> {
        const auto io = co_await asio::this_coro::executor;
        signal_watcher noise(io, {SIGRTMIN});
        signal_watcher other(io, {SIGUSR1});
        asio::co_spawn(io, discard(noise), asio::detached);
        asio::steady_timer for_ever(io, asio::steady_timer::time_point::max());
        asio::post(io, [] {
            const forked sender([parent = ::getpid()] {
                flood_with(SIGUSR1, place::in_the_middle, SIGRTMIN, burst / 2, parent);
                flood_with(SIGTERM, place::in_the_middle, SIGRTMIN, burst / 2, parent);
                return 0;
            });
            siginfo_t ended{};
            while (::waitid(P_PID, static_cast<id_t>(sender.pid()), &ended, WEXITED | WNOWAIT) != 0) {}
        });
        try {
            co_await for_ever.async_wait(asio::use_awaitable);
        } catch (const boost::system::system_error&) {
            co_return other.try_wait() ? 43 : 44;
        }
        co_return 45;
    };
    return run(main(), {.deadline = 5s});
}

BOOST_FIXTURE_TEST_CASE(run_ends_at_its_signal_and_nothing_is_lost, no_signal_leftovers) {
    constexpr int rounds = sanitized ? 2 : 10;
    for (int round = 0; round < rounds; ++round) {
        forked program(flooded_program);
        const int status = program.wait();
        BOOST_TEST_REQUIRE(WIFEXITED(status));
        BOOST_TEST_REQUIRE(WEXITSTATUS(status) == 43);
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE_END()
