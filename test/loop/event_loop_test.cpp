// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/event_loop.hpp>

#include "fault.hpp"
#include "forked.hpp"
#include "leftovers.hpp"
#include "sanitizers.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(event_loop_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<event_loop> && !std::is_move_constructible_v<event_loop>);

BOOST_FIXTURE_TEST_SUITE(event_loop_suite, no_leftovers)

BOOST_AUTO_TEST_CASE(run_ends_when_there_is_no_work_and_counts_handlers) {
    for (const auto polling : {0us, 200us}) {
        event_loop loop({.busy_poll = polling});
        int ran = 0;
        for (int i = 0; i < 3; ++i) asio::post(loop.get_executor(), [&] { ++ran; });
        asio::steady_timer timer(loop.context(), 1ms);
        timer.async_wait([&](error_code) { ++ran; });
        BOOST_TEST(loop.run() == 4u);
        BOOST_TEST(ran == 4);
        BOOST_TEST(loop.stopped());
        BOOST_TEST(loop.run() == 0u);
        loop.restart();
        asio::post(loop.get_executor(), [&] { ++ran; });
        BOOST_TEST(loop.run() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(stop_ends_run_from_within) {
    for (const auto polling : {0us, 200us}) {
        event_loop loop({.busy_poll = polling});
        asio::steady_timer never(loop.context(), 1h);
        never.async_wait([](error_code) {});
        asio::post(loop.get_executor(), [&] { loop.stop(); });
        BOOST_TEST(loop.run() == 1u);
        BOOST_TEST(loop.stopped());
    }
}

BOOST_AUTO_TEST_CASE(stop_ends_run_from_another_thread_while_it_blocks_or_polls) {
    for (const std::chrono::microseconds polling : {0us, 200us, std::chrono::microseconds(1h)}) {
        event_loop loop({.busy_poll = polling});
        asio::steady_timer never(loop.context(), 1h);
        never.async_wait([](error_code) {});
        std::thread other;
        asio::post(loop.get_executor(), [&] { other = std::thread([&] { loop.stop(); }); });
        loop.run();
        other.join();
        BOOST_TEST(loop.stopped());
    }
}

// Whether a thread of this process waits for something.
bool sleeps(pid_t thread) {
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
    const std::string stat(std::istreambuf_iterator<char>(file), {});
    const auto name_ends = stat.rfind(") ");
    return name_ends != std::string::npos && stat.substr(name_ends + 2, 1) == "S";
}

BOOST_AUTO_TEST_CASE(work_from_another_thread_wakes_a_loop_that_blocks_or_polls) {
    for (const auto polling : {0us, 200us}) {
        event_loop loop({.busy_poll = polling});
        asio::steady_timer never(loop.context(), 1h);
        never.async_wait([](error_code) {});
        std::thread::id ran_in{};
        std::thread other([&, loop_thread = ::gettid()] {
            while (!sleeps(loop_thread)) std::this_thread::yield();
            asio::post(loop.get_executor(), [&] {
                ran_in = std::this_thread::get_id();
                loop.stop();
            });
        });
        const auto ran = loop.run();
        other.join();
        BOOST_TEST(ran == 1u);  // and not the timer
        BOOST_TEST((ran_in == std::this_thread::get_id()));
        BOOST_TEST(loop.stopped());
    }
}

BOOST_AUTO_TEST_CASE(a_lag_below_the_limit_is_counted_and_not_told) {
    int told = 0;
    event_loop loop({.watch_lag = 1ms, .lag_limit = std::chrono::hours::max(), .on_lag = [&](auto) { ++told; }});
    asio::steady_timer timer(loop.context(), 20ms);
    timer.async_wait([](error_code) {});
    loop.run();
    BOOST_TEST(loop.counters().looks > 0u);
    BOOST_TEST(told == 0);
}

BOOST_AUTO_TEST_CASE(what_a_handler_throws_leaves_run_and_run_may_be_called_again) {
    for (const auto polling : {0us, 200us}) {
        event_loop loop({.busy_poll = polling});
        bool after = false;
        asio::post(loop.get_executor(), [] { throw std::runtime_error("mine"); });
        asio::post(loop.get_executor(), [&] { after = true; });
        BOOST_CHECK_EXCEPTION(loop.run(), std::runtime_error,
                              [](const auto& e) { return std::string(e.what()) == "mine"; });
        BOOST_TEST(!loop.stopped());
        loop.run();
        BOOST_TEST(after);
    }
}

BOOST_AUTO_TEST_CASE(what_is_pending_is_destroyed_with_the_loop) {
    const auto alive = std::make_shared<int>(0);
    {
        event_loop loop;
        asio::post(loop.get_executor(), [alive] { BOOST_ERROR("ran"); });
    }
    BOOST_TEST(alive.use_count() == 1);
}

// Runs `body` in a child whose streams `closed` (a bit each) are closed.
int in_child_without(unsigned closed, int (*body)(unsigned)) {
    forked child([=] {
        for (int fd = 0; fd < 3; ++fd)
            if (closed & (1u << fd)) ::close(fd);
        return body(closed);
    });
    const int status = child.wait();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

bool is_null_device(int fd) {
    struct ::stat st {
    }, null{};
    return ::fstat(fd, &st) == 0 && ::stat("/dev/null", &null) == 0 && S_ISCHR(st.st_mode) &&
           st.st_rdev == null.st_rdev;
}

BOOST_AUTO_TEST_CASE(closed_standard_streams_become_the_null_device) {
    for (unsigned closed = 0; closed < 8; ++closed) {
        const int code = in_child_without(closed, [](unsigned which) {
            struct ::stat before[3]{};
            for (int fd = 0; fd < 3; ++fd) ::fstat(fd, &before[fd]);
            event_loop loop;
            asio::steady_timer timer(loop.context(), 0s);
            timer.async_wait([](error_code) {});
            loop.run();
            for (int fd = 0; fd < 3; ++fd) {
                struct ::stat now {};
                if (::fstat(fd, &now) != 0) return 10 + fd;
                if ((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0) return 20 + fd;
                if (which & (1u << fd)) {
                    if (!is_null_device(fd)) return 30 + fd;
                } else if (now.st_ino != before[fd].st_ino || now.st_dev != before[fd].st_dev) {
                    return 40 + fd;
                }
            }
            return 0;
        });
        BOOST_TEST(code == 0, "streams closed: " << closed << ", failed check: " << code);
    }
}

BOOST_AUTO_TEST_CASE(a_loop_that_cannot_fill_a_closed_stream_is_refused) {
    const int code = in_child_without(1, [](unsigned) {
        const fault refused(sys::call::open, EACCES);
        try {
            const event_loop loop;
        } catch (const boost::system::system_error& e) {
            return e.code() == asio::error::access_denied && std::string(e.what()).starts_with("open /dev/null") ? 0
                                                                                                                 : 1;
        }
        return 2;
    });
    BOOST_TEST(code == 0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
