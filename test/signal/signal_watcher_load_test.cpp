// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/signal/signal_watcher.hpp>

#include "forked.hpp"
#include "sanitizers.hpp"
#include "signal_tools.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sched.h>
#include <sys/time.h>
#include <sys/wait.h>

BOOST_AUTO_TEST_SUITE(signal_watcher_load_test)

// Signals by the million, from other processes and threads, at bad moments.

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using parley::signal_watcher;
using parley::test::arrangement;
using parley::test::both_ways;
using parley::test::into;
using parley::test::run_until;
using parley::test::send;
using parley::test::wait_one;
using parley::test::waited;
using parley::test::way;

// ThreadSanitizer keeps a signal back until the thread makes a system call, and of several with one number only the
// first.
bool every_signal_counts(way how) { return !parley::test::under_tsan || how == way::signalfd; }

constexpr int many = parley::test::sanitized ? 50'000 : 1'000'000;

// In a child: sends `count` numbered signals to its parent, again whenever the kernel's queue is full.
int send_sequence(pid_t to, int number, int count) {
    for (int i = 0; i < count; ++i)
        while (::sigqueue(to, number, sigval{.sival_int = i}) != 0) {
            if (errno != EAGAIN) return 1;
            ::sched_yield();
        }
    return 0;
}

struct tally {
    std::int64_t received = 0;
    std::int64_t missed_between = 0;
    std::int64_t out_of_place = 0;  // values that do not follow from the last one and what was missed
    std::int64_t last = -1;

    void take(const parley::signal_event& event) {
        ++received;
        missed_between += static_cast<std::int64_t>(event.missed);
        if (event.value != last + 1 + static_cast<std::int64_t>(event.missed)) ++out_of_place;
        last = event.value;
    }
};

parley::task<> count_events(signal_watcher& watcher, tally& counted) {
    for (;;) {
        counted.take(co_await watcher.async_wait(asio::use_awaitable));
        while (const auto event = watcher.try_wait()) counted.take(*event);
    }
}

BOOST_FIXTURE_TEST_SUITE(clean, parley::test::no_signal_leftovers)

BOOST_DATA_TEST_CASE(of_a_million_queued_signals_each_is_received_in_order_or_counted_as_missed, both_ways, how) {
    arrangement here(how);
    tally counted;
    signal_watcher watcher(here.io.get_executor(), {SIGRTMIN});
    signal_watcher done(here.io.get_executor(), {SIGCHLD});
    asio::co_spawn(here.io, count_events(watcher, counted), asio::detached);
    here.io.poll();
    const auto self = ::getpid();
    parley::test::forked sender([&] { return send_sequence(self, SIGRTMIN, many); });
    waited ended;
    done.async_wait(into(ended));
    run_until(here.io, [&] { return ended.done; });
    // All has been sent, and so has been queued or caught: nothing more can come than what is there.
    for (auto before = counted.received - 1; before != counted.received;) {
        before = counted.received;
        here.io.restart();
        here.io.poll();
    }
    BOOST_TEST(sender.wait() == 0);
    const auto missed = static_cast<std::int64_t>(watcher.missed());
    BOOST_TEST_MESSAGE("received " << counted.received << ", missed " << missed);
    BOOST_TEST(counted.received > 0);
    if (every_signal_counts(how)) {
        BOOST_TEST(counted.received + missed == many);
        BOOST_TEST(counted.out_of_place == 0);
        BOOST_TEST(counted.missed_between + (many - 1 - counted.last) == missed);
    }
    if (how == way::signalfd) BOOST_TEST(missed == 0);
    watcher.close();
    here.io.restart();
    here.io.poll();
}

BOOST_AUTO_TEST_CASE(a_big_enough_queue_keeps_what_arrives_while_the_loop_is_busy) {
    constexpr int burst = 40'000;  // more than asio::signal_set can keep
    asio::io_context io;
    signal_watcher watcher(io.get_executor(), {SIGRTMIN}, {.queue_limit = 65'536});
    for (int i = 0; i < burst; ++i) send(SIGRTMIN, i);
    tally counted;
    asio::co_spawn(io, count_events(watcher, counted), asio::detached);
    run_until(io, [&] { return counted.received == burst; });
    BOOST_TEST(counted.out_of_place == 0);
    BOOST_TEST(watcher.missed() == 0u);
    watcher.close();
    io.restart();
    io.poll();
}

// The handler interrupts an allocator at every point; it must not need one itself.
BOOST_AUTO_TEST_CASE(a_storm_of_signals_does_not_disturb_what_it_interrupts) {
    constexpr int storm = parley::test::sanitized ? 5'000 : 50'000;
    asio::io_context io;
    signal_watcher watcher(io.get_executor(), {SIGRTMIN}, {.queue_limit = 65'536});
    const auto self = ::getpid();
    parley::test::forked sender([&] { return send_sequence(self, SIGRTMIN, storm); });
    tally counted;
    std::vector<std::unique_ptr<std::string>> live;
    const auto enough = [&] {
        return every_signal_counts(way::handler) ? counted.received == storm : counted.received > 0;
    };
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!enough() && std::chrono::steady_clock::now() < deadline) {
        for (int i = 0; i < 100; ++i)
            live.push_back(std::make_unique<std::string>(static_cast<std::size_t>(i * 7), 'x'));
        live.clear();
        errno = 77;
        while (const auto event = watcher.try_wait()) counted.take(*event);
        BOOST_TEST_REQUIRE(errno == 77);
    }
    BOOST_TEST(enough());
    if (every_signal_counts(way::handler)) BOOST_TEST(counted.out_of_place == 0);
    BOOST_TEST(sender.wait() == 0);
}

// Watchers come and go while handlers run in two threads: none may touch a queue that is gone.
BOOST_AUTO_TEST_CASE(watchers_may_end_in_the_middle_of_a_storm) {
    constexpr int rounds = parley::test::under_tsan ? 300 : 3'000;
    asio::io_context io;
    signal_watcher lasting(io.get_executor(), {SIGRTMIN}, {.queue_limit = 16});
    std::atomic<bool> over{false};
    std::thread sender([&] {
        while (!over) {
            send(SIGRTMIN, 1);
            parley::raise_signal(SIGRTMIN).value();
        }
    });
    for (int round = 0; round < rounds; ++round) {
        signal_watcher brief(io.get_executor(), {SIGRTMIN}, {.queue_limit = 16});
        waited result;
        brief.async_wait(into(result));
        io.restart();
        io.poll();
        brief.close();
        io.restart();
        io.poll();
        BOOST_TEST_REQUIRE(result.done);
        while (lasting.try_wait()) {}
    }
    over = true;
    sender.join();
}

BOOST_DATA_TEST_CASE(many_threads_may_read_through_watchers_of_their_own, both_ways, how) {
    constexpr int count = 2'000;
    std::optional<parley::test::blocked> held;
    if (how == way::signalfd) held.emplace(std::initializer_list<int>{SIGRTMIN});
    std::atomic<int> ready{0};
    std::vector<int> received(3, 0);
    std::vector<std::thread> threads;
    for (auto& mine : received)
        threads.emplace_back([&] {
            asio::io_context io;
            signal_watcher watcher(io.get_executor(), {SIGRTMIN});
            ++ready;
            const auto deadline = std::chrono::steady_clock::now() + 60s;
            while (mine < count && std::chrono::steady_clock::now() < deadline) {
                waited result;
                watcher.async_wait(into(result));
                io.restart();
                io.run_for(60s);
                if (result.done && !result.ec) ++mine;
            }
        });
    while (ready < 3) std::this_thread::yield();
    for (int i = 0; i < count; ++i) send(SIGRTMIN, i);
    for (auto& thread : threads) thread.join();
    for (const int mine : received) BOOST_TEST(mine == count);
}

volatile std::sig_atomic_t ticks = 0;

// Interrupts every system call of its life once a millisecond.
struct ticking {
    ticking() {
        ticks = 0;
        struct sigaction action {};
        action.sa_handler = [](int) { ticks = ticks + 1; };  // no SA_RESTART
        sigaction(SIGALRM, &action, &earlier_);
        const itimerval each{{0, 1000}, {0, 1000}};
        ::setitimer(ITIMER_REAL, &each, nullptr);
    }
    ~ticking() {
        const itimerval off{};
        ::setitimer(ITIMER_REAL, &off, nullptr);
        sigaction(SIGALRM, &earlier_, nullptr);
    }
    struct sigaction earlier_;
};

BOOST_DATA_TEST_CASE(interrupted_system_calls_are_no_errors, both_ways, how) {
    arrangement here(how);
    const ticking clock;
    int rounds = 0;
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while ((ticks < 50 || rounds < 200) && std::chrono::steady_clock::now() < deadline) {
        signal_watcher watcher(here.io.get_executor(), {SIGRTMIN});
        send(SIGRTMIN, rounds);
        BOOST_TEST_REQUIRE(wait_one(here.io, watcher).value == rounds);
        waited interrupted;
        watcher.async_wait(into(interrupted));
        const int before = ticks;
        while (ticks == before) {  // at least one tick inside the wait
            here.io.restart();
            here.io.run_one_for(2ms);
        }
        BOOST_TEST_REQUIRE(!interrupted.done);
        send(SIGRTMIN, 1);
        run_until(here.io, [&] { return interrupted.done; });
        BOOST_TEST_REQUIRE(!interrupted.ec);
        ++rounds;
    }
    BOOST_TEST(ticks >= 50);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace

BOOST_AUTO_TEST_SUITE_END()
