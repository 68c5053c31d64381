// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/signal/signal_watcher.hpp>

#include <parley/signal/send_signal.hpp>

#include "forked.hpp"
#include "signal_tools.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <future>
#include <optional>
#include <sstream>
#include <thread>
#include <vector>

#include <unistd.h>

BOOST_AUTO_TEST_SUITE(signal_watcher_test)

namespace asio = boost::asio;
using namespace std::chrono_literals;
using parley::queue_signal;
using parley::signal_event;
using parley::signal_watcher;
using parley::test::arrangement;
using parley::test::both_ways;
using parley::test::into;
using parley::test::run_until;
using parley::test::send;
using parley::test::wait_one;
using parley::test::waited;
using parley::test::way;

parley::task<> collect_values(signal_watcher& watcher, std::vector<int>& values, std::size_t count) {
    while (values.size() < count) values.push_back((co_await watcher.async_wait(asio::use_awaitable)).value);
}

BOOST_FIXTURE_TEST_SUITE(clean, parley::test::no_signal_leftovers)

BOOST_DATA_TEST_CASE(the_way_is_chosen_by_what_is_blocked, both_ways, how) {
    arrangement here(how);
    BOOST_TEST(signal_watcher(here.io.get_executor(), {SIGUSR1, SIGUSR2}).uses_signalfd() == (how == way::signalfd));
    BOOST_TEST(!signal_watcher(here.io.get_executor(), {SIGUSR1, SIGALRM}).uses_signalfd());
}

// The C library blocks every signal in a thread that is just starting: the thread must not be taken at its first word.
BOOST_AUTO_TEST_CASE(one_thread_that_does_not_block_is_enough_for_the_handler) {
    asio::io_context io;
    for (int round = 0; round < 100; ++round) {
        std::promise<void> end;
        std::thread other([over = end.get_future()] { over.wait(); });
        {
            const parley::test::blocked held({SIGUSR1});
            BOOST_TEST(!signal_watcher(io.get_executor(), {SIGUSR1}).uses_signalfd());
        }
        end.set_value();
        other.join();
    }
}

BOOST_AUTO_TEST_CASE(threads_that_all_block_leave_the_signal_to_the_signalfd) {
    asio::io_context io;
    const parley::test::blocked held({SIGUSR1});
    std::promise<void> begun, end;
    std::thread other([&begun, over = end.get_future()] {  // inherits the mask
        begun.set_value();
        over.wait();
    });
    begun.get_future().wait();
    {
        signal_watcher watcher(io.get_executor(), {SIGUSR1});
        BOOST_TEST(watcher.uses_signalfd());
        send(SIGUSR1);
        BOOST_TEST(wait_one(io, watcher).number == SIGUSR1);
    }
    end.set_value();
    other.join();
}

BOOST_DATA_TEST_CASE(an_event_tells_number_sender_value_and_code, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGUSR1, SIGRTMIN});
    queue_signal(::getpid(), SIGRTMIN, -7).value();
    const auto queued = wait_one(here.io, watcher);
    BOOST_TEST(queued.number == SIGRTMIN);
    BOOST_TEST(queued.sender_pid == ::getpid());
    BOOST_TEST(queued.sender_uid == ::getuid());
    BOOST_TEST(queued.value == -7);
    BOOST_TEST(queued.code == SI_QUEUE);
    BOOST_TEST(queued.missed == 0u);
    int mark = 0;
    queue_signal(::getpid(), SIGRTMIN, parley::signal_value(&mark)).value();
    BOOST_TEST(wait_one(here.io, watcher).pointer == &mark);
    ::kill(::getpid(), SIGUSR1);
    const auto plain = wait_one(here.io, watcher);
    BOOST_TEST(plain.code == SI_USER);
    BOOST_TEST(plain.sender_pid == ::getpid());
    BOOST_TEST(plain.value == 0);
}

BOOST_DATA_TEST_CASE(the_sender_is_the_process_that_sent_it, both_ways, how) {
    arrangement here(how);
    const uid_t stranger = ::geteuid() == 0 ? 65533 : ::geteuid();
    signal_watcher watcher(here.io.get_executor(), {SIGRTMIN});
    parley::test::forked sender([&] {
        // Keeps the right to signal by its effective uid while the kernel reports the real one.
        if (::geteuid() == 0 && ::setresuid(stranger, 0, 0) != 0) return 1;
        return queue_signal(::getppid(), SIGRTMIN, 5) ? 0 : 2;
    });
    const auto event = wait_one(here.io, watcher);
    BOOST_TEST(event.sender_pid == sender.pid());
    BOOST_TEST(event.sender_uid == stranger);
    BOOST_TEST(event.value == 5);
    BOOST_TEST(sender.wait() == 0);
}

BOOST_DATA_TEST_CASE(a_childs_end_tells_which_child, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGCHLD});
    parley::test::forked child([] { return 3; });
    const auto event = wait_one(here.io, watcher);
    BOOST_TEST(event.number == SIGCHLD);
    BOOST_TEST(event.sender_pid == child.pid());
    BOOST_TEST(event.code == CLD_EXITED);
    BOOST_TEST(event.value == 0);
}

BOOST_DATA_TEST_CASE(the_kernel_has_no_pid, both_ways, how) {
    std::optional<parley::test::blocked> held;
    if (how == way::signalfd) held.emplace(std::initializer_list<int>{SIGALRM});
    asio::io_context io;
    signal_watcher watcher(io.get_executor(), {SIGALRM});
    const itimerval soon{{0, 0}, {0, 1}};
    ::setitimer(ITIMER_REAL, &soon, nullptr);
    const auto event = wait_one(io, watcher);
    BOOST_TEST(event.number == SIGALRM);
    BOOST_TEST(event.sender_pid == 0);
    BOOST_TEST(event.to_string() == "SIGALRM from the kernel");
}

BOOST_DATA_TEST_CASE(a_timer_brings_its_value, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGRTMIN});
    sigevent notify{};
    notify.sigev_notify = SIGEV_SIGNAL;
    notify.sigev_signo = SIGRTMIN;
    notify.sigev_value.sival_int = 12;
    timer_t other, timer;  // the first has the id 0, which would look like no pid
    BOOST_TEST_REQUIRE(::timer_create(CLOCK_MONOTONIC, &notify, &other) == 0);
    BOOST_TEST_REQUIRE(::timer_create(CLOCK_MONOTONIC, &notify, &timer) == 0);
    const itimerspec soon{{0, 0}, {0, 1}};
    ::timer_settime(timer, 0, &soon, nullptr);
    const auto event = wait_one(here.io, watcher);
    ::timer_delete(timer);
    ::timer_delete(other);
    BOOST_TEST(event.code == SI_TIMER);
    BOOST_TEST(event.value == 12);
    BOOST_TEST(event.sender_pid == 0);
}

BOOST_DATA_TEST_CASE(what_arrives_before_the_first_wait_is_kept, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGUSR1, SIGRTMIN});
    send(SIGUSR1);
    for (int i = 0; i < 3; ++i) queue_signal(::getpid(), SIGRTMIN, i).value();
    BOOST_TEST(wait_one(here.io, watcher).number == SIGUSR1);
    for (int i = 0; i < 3; ++i) BOOST_TEST(wait_one(here.io, watcher).value == i);
    BOOST_TEST(!watcher.try_wait());
}

BOOST_DATA_TEST_CASE(try_wait_takes_what_is_there, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGRTMIN});
    BOOST_TEST(!watcher.try_wait());
    for (int i = 0; i < 100; ++i) queue_signal(::getpid(), SIGRTMIN, i).value();
    for (int i = 0; i < 100; ++i) BOOST_TEST(watcher.try_wait()->value == i);
    BOOST_TEST(!watcher.try_wait());
}

BOOST_DATA_TEST_CASE(a_waiting_coroutine_gets_each_in_order, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGRTMIN});
    std::vector<int> values;
    asio::co_spawn(here.io, collect_values(watcher, values, 200), asio::detached);
    here.io.poll();
    int sent = 0;
    run_until(here.io, [&] {
        for (int burst = 0; burst < 7 && sent < 200; ++burst) queue_signal(::getpid(), SIGRTMIN, sent++).value();
        return values.size() == 200;
    });
    for (int i = 0; i < 200; ++i) BOOST_TEST(values[static_cast<std::size_t>(i)] == i);
}

BOOST_DATA_TEST_CASE(each_event_goes_to_one_of_many_waiters, both_ways, how) {
    arrangement here(how);
    signal_watcher watcher(here.io.get_executor(), {SIGRTMIN});
    std::vector<waited> results(5);
    for (auto& result : results) watcher.async_wait(into(result));
    here.io.poll();
    int sum = 0, sent = 0;
    for (; sent < 4; ++sent) queue_signal(::getpid(), SIGRTMIN, 1 << sent).value();
    const auto done = [&] { return std::ranges::count_if(results, &waited::done); };
    run_until(here.io, [&] { return done() == 4; });
    here.io.restart();
    here.io.poll();
    BOOST_TEST(done() == 4);
    queue_signal(::getpid(), SIGRTMIN, 1 << sent).value();
    run_until(here.io, [&] { return done() == 5; });
    for (const auto& result : results) sum += result.event.value;
    BOOST_TEST(sum == 31);
}

BOOST_DATA_TEST_CASE(every_watcher_sees_every_signal, both_ways, how) {
    arrangement here(how);
    asio::io_context elsewhere;
    signal_watcher first(here.io.get_executor(), {SIGUSR1, SIGRTMIN});
    signal_watcher second(here.io.get_executor(), {SIGRTMIN});
    signal_watcher third(elsewhere.get_executor(), {SIGRTMIN, SIGUSR2});
    waited third_wait;
    third.async_wait(into(third_wait));
    elsewhere.poll();
    for (int i = 0; i < 10; ++i) queue_signal(::getpid(), SIGRTMIN, i).value();
    for (int i = 0; i < 10; ++i) BOOST_TEST(wait_one(here.io, first).value == i);
    for (int i = 0; i < 10; ++i) BOOST_TEST(wait_one(here.io, second).value == i);
    run_until(elsewhere, [&] { return third_wait.done; });
    BOOST_TEST(third_wait.event.value == 0);
    for (int i = 1; i < 10; ++i) BOOST_TEST(wait_one(elsewhere, third).value == i);
    BOOST_TEST(!first.try_wait());
    BOOST_TEST(!second.try_wait());
    BOOST_TEST(!third.try_wait());
}

BOOST_AUTO_TEST_CASE(a_watcher_of_each_way_sees_what_either_catches) {
    asio::io_context io;
    const parley::test::blocked held({SIGUSR1, SIGRTMIN});
    signal_watcher reader(io.get_executor(), {SIGRTMIN});
    std::atomic<bool> over{false}, ended{false};
    std::thread other([&] {
        parley::unblock_signals({SIGUSR1, SIGRTMIN}).value();
        while (!over) ::pause();
        ended = true;
    });
    std::optional<signal_watcher> catcher;
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    do
        catcher.emplace(io.get_executor(),
                        parley::signal_mask{SIGUSR1, SIGRTMIN});  // until the thread has unblocked them
    while (catcher->uses_signalfd() && std::chrono::steady_clock::now() < deadline);
    BOOST_TEST(reader.uses_signalfd());
    BOOST_TEST_REQUIRE(!catcher->uses_signalfd());
    // Two threads take them, the one that runs the handler and the one that reads: all arrive, in whatever order.
    std::vector<int> sent, read, caught;
    for (int i = 0; i < 10; ++i) {
        queue_signal(::getpid(), SIGRTMIN, i).value();
        sent.push_back(i);
    }
    while (read.size() < sent.size()) read.push_back(wait_one(io, reader).value);
    while (caught.size() < sent.size()) caught.push_back(wait_one(io, *catcher).value);
    BOOST_TEST(!reader.try_wait());
    BOOST_TEST(!catcher->try_wait());
    std::ranges::sort(read);
    std::ranges::sort(caught);
    BOOST_TEST(read == sent, boost::test_tools::per_element());
    BOOST_TEST(caught == sent, boost::test_tools::per_element());
    over = true;
    while (!ended) send(SIGUSR1);  // it may be just about to pause
    other.join();
}

BOOST_AUTO_TEST_CASE(what_a_handler_cannot_keep_is_counted) {
    asio::io_context io;
    signal_watcher watcher(io.get_executor(), {SIGRTMIN}, {.queue_limit = 4});
    for (int i = 0; i < 10; ++i) queue_signal(::getpid(), SIGRTMIN, i).value();
    BOOST_TEST(watcher.missed() == 6u);
    for (int i = 0; i < 4; ++i) BOOST_TEST(watcher.try_wait()->missed == 0u);
    BOOST_TEST(!watcher.try_wait());
    queue_signal(::getpid(), SIGRTMIN, 10).value();
    const auto after = wait_one(io, watcher);
    BOOST_TEST(after.value == 10);
    BOOST_TEST(after.missed == 6u);
}

BOOST_AUTO_TEST_CASE(a_signalfd_leaves_in_the_kernel_what_the_queue_cannot_keep) {
    arrangement here(way::signalfd);
    signal_watcher quick(here.io.get_executor(), {SIGRTMIN}, {.queue_limit = 4});
    signal_watcher slow(here.io.get_executor(), {SIGRTMIN}, {.queue_limit = 16});
    for (int i = 0; i < 100; ++i) queue_signal(::getpid(), SIGRTMIN, i).value();
    for (int i = 0; i < 100; ++i) BOOST_TEST(wait_one(here.io, quick).value == i);
    BOOST_TEST(quick.missed() == 0u);
    for (int i = 0; i < 16; ++i) BOOST_TEST(slow.try_wait()->value == i);
    BOOST_TEST(slow.missed() == 84u);
}

BOOST_AUTO_TEST_CASE(prints_an_event) {
    std::ostringstream out;
    out << signal_event{.number = SIGTERM, .sender_pid = 12, .sender_uid = 1000, .code = SI_USER} << '\n'
        << signal_event{.number = SIGRTMIN + 1, .sender_pid = 12, .value = 7, .code = SI_QUEUE, .missed = 3} << '\n'
        << signal_event{.number = SIGUSR1, .code = SI_USER} << '\n'
        << signal_event{.number = 99, .code = SI_KERNEL};
    BOOST_TEST(out.str() ==
               "SIGTERM from process 12 (uid 1000)\n"
               "SIGRTMIN+1 from process 12 (uid 0), value 7, 3 missed before it\n"
               "SIGUSR1 from an unknown sender\n"
               "signal 99 from the kernel");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
