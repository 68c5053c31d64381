// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/child.hpp>

#include "leftovers.hpp"
#include "process_tools.hpp"

#include <parley/core/timeout.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(child_stop_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(child_stop_suite, process_fixture)

BOOST_AUTO_TEST_CASE(stop_asks_first) {
    run_task(io, [](process_fixture&) -> task<> {
        auto c = co_await start_ready(helper({"ready"}));
        BOOST_TEST(co_await c.async_stop() == exit_status::signalled(SIGTERM));
        BOOST_TEST(co_await c.async_stop() == exit_status::signalled(SIGTERM));
    }(*this));
}

BOOST_AUTO_TEST_CASE(stop_kills_who_does_not_listen) {
    run_task(io, [](process_fixture&) -> task<> {
        auto c = co_await start_ready(helper({"ignore", std::to_string(SIGTERM)}));
        BOOST_TEST(co_await c.async_stop(stop_policy{SIGTERM, 20ms}) == exit_status::signalled(SIGKILL));
    }(*this));
}

BOOST_AUTO_TEST_CASE(a_stopped_child_with_a_handler_is_continued_so_that_it_hears) {
    // The kernel ends a stopped process by a signal that it does not handle; one that it does waits for SIGCONT.
    auto what = shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done");
    auto c = run_task(io, start_ready(what));
    BOOST_TEST(c.suspend().has_value());
    run_task(io, [](child& stopped) -> task<> {
        const auto change = co_await stopped.async_wait_change();
        BOOST_TEST((change.what == child_change::stopped));
    }(c));
    BOOST_TEST(run_task(io, [](child& stopped) -> task<exit_status> {
                   const stop_policy patient{SIGTERM, 10s};
                   co_return co_await stopped.async_stop(patient);
               }(c)) == exit_status::exited(7));
}

BOOST_AUTO_TEST_CASE(stop_reaches_a_stopped_child) {
    run_task(io, [](process_fixture&) -> task<> {
        auto c = co_await start_ready(helper({"ready"}));
        BOOST_TEST(c.send_signal(SIGSTOP).has_value());
        BOOST_TEST(co_await c.async_stop(stop_policy{SIGTERM, 60s}) == exit_status::signalled(SIGTERM));
    }(*this));
}

BOOST_AUTO_TEST_CASE(a_harder_policy_overtakes) {
    auto c = run_task(io, start_ready(helper({"ignore", std::to_string(SIGTERM)})));
    bool first = false;
    c.async_stop(stop_policy{SIGTERM, 24h}, [&](error_code ec, exit_status s) {
        first = true;
        BOOST_TEST(!ec);
        BOOST_TEST(s == exit_status::signalled(SIGKILL));
    });
    run_task(io, [](child& running) -> task<> { co_await running.async_stop(stop_policy::kill()); }(c));
    run_until(io, [&] { return first; });
}

BOOST_AUTO_TEST_CASE(an_abandoned_stop_goes_on) {
    run_task(io, [](process_fixture&) -> task<> {
        auto c = co_await start_ready(helper({"ignore", std::to_string(SIGTERM)}));
        auto [ec, s] =
            co_await with_timeout(c.async_stop(stop_policy{SIGTERM, 50ms}), 1ms, asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(ec == asio::error::timed_out);
        BOOST_TEST(co_await c.async_wait() == exit_status::signalled(SIGKILL));
    }(*this));
}

BOOST_AUTO_TEST_CASE(leaving_scope_stops_the_child_and_does_not_wait) {
    pid_t pid = 0;
    {
        auto c = run_task(io, start_ready(helper({"ready"})));
        pid = c.pid();
    }
    BOOST_TEST(::kill(pid, 0) == 0);  // asked, not waited for
    BOOST_TEST(run_dry(io));
    BOOST_TEST(::kill(pid, 0) == -1);
}

BOOST_AUTO_TEST_CASE(a_thousand_dropped_handles_leave_no_zombie) {
    for (int i = 0; i < 1000; ++i) start({.program = "/bin/sleep", .arguments = {"0.1"}});
    BOOST_TEST(run_dry(io));
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(assignment_stops_what_was_held) {
    auto c = start(helper({"ready"}));
    const pid_t first = c.pid();
    c = start(helper({"exit", "4"}));
    BOOST_TEST(end_of(c) == exit_status::exited(4));
    BOOST_TEST(run_dry(io));
    BOOST_TEST(::kill(first, 0) == -1);
}

BOOST_AUTO_TEST_CASE(a_detached_child_lives_on_and_is_reaped) {
    pid_t pid = 0;
    {
        auto c = run_task(io, start_ready(helper({"ready"})));
        pid = c.pid();
        c.detach();
        BOOST_TEST(!c);
    }
    BOOST_TEST(run_dry(io));
    BOOST_TEST(::kill(pid, 0) == 0);
    BOOST_TEST(::kill(pid, SIGKILL) == 0);
    const auto end = std::chrono::steady_clock::now() + guard;
    while (::kill(pid, 0) == 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    BOOST_TEST(::kill(pid, 0) == -1);  // gone, not a zombie
    while (open_descriptors().size() > 20 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

BOOST_AUTO_TEST_CASE(a_waiter_of_a_detached_child_still_gets_the_status) {
    auto c = run_task(io, start_ready(helper({"ready"})));
    const pid_t pid = c.pid();
    exit_status told;
    c.async_wait([&](error_code, exit_status s) { told = s; });
    c.detach();
    ::kill(pid, SIGUSR2);
    BOOST_TEST(run_dry(io));
    BOOST_TEST(told == exit_status::signalled(SIGUSR2));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(without_a_context, no_leftovers)

BOOST_AUTO_TEST_CASE(a_context_that_goes_away_takes_the_child_along) {
    pid_t pid = 0;
    {
        asio::io_context io;
        asio::co_spawn(
            io,
            [](pid_t& out) -> task<> {
                auto c = co_await start_ready(helper({"ready"}));
                out = c.pid();
                co_await c.async_wait();
            }(pid),
            asio::detached);
        run_until(io, [&] { return pid != 0; });
    }
    const auto end = std::chrono::steady_clock::now() + guard;
    while (::kill(pid, 0) == 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    BOOST_TEST(::kill(pid, 0) == -1);
    while (children().size() != 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

BOOST_AUTO_TEST_CASE(a_handle_dropped_after_the_loop_has_ended_leaves_no_zombie) {
    pid_t pid = 0;
    {
        asio::io_context io;
        auto c = spawn(io.get_executor(), helper({"ready"})).value();
        pid = c.pid();
    }
    const auto end = std::chrono::steady_clock::now() + guard;
    while (::kill(pid, 0) == 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    BOOST_TEST(::kill(pid, 0) == -1);
}

BOOST_AUTO_TEST_CASE(a_program_that_ends_leaves_no_child_that_was_to_be_stopped) {
    asio::io_context io;
    auto what = helper({"leave-deaf-child", "30"});
    what.out = stdio::pipe();
    const auto pid = run_task(io, [](command c) -> task<pid_t> {
        auto program = spawn(co_await asio::this_coro::executor, c).value();
        const auto said = co_await next_line(program);
        BOOST_TEST((co_await program.async_wait()).success());
        co_return std::stoi(said);
    }(what));
    BOOST_TEST(::kill(pid, 0) == -1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
