// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Children that are suspended and continued, and children that change hands.

#include <parley/process/child.hpp>

#include "fault.hpp"
#include "process_tools.hpp"

#include <parley/core/timeout.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(child_change_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

pid_t fork_exit(int code) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(code);
    return pid;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(child_change_suite, process_fixture)

BOOST_AUTO_TEST_CASE(stop_continuation_and_end_are_told_in_turn) {
    run_task(io, [](process_fixture&) -> task<> {
        auto c = co_await start_ready(helper({"ready"}));
        BOOST_TEST(c.suspend().has_value());
        auto e = co_await c.async_wait_change();
        BOOST_TEST((e == child_event{child_change::stopped, SIGSTOP}));
        BOOST_TEST(to_string(e) == "stopped by SIGSTOP");
        BOOST_TEST(c.resume().has_value());
        e = co_await c.async_wait_change();
        BOOST_TEST((e == child_event{child_change::continued, SIGCONT}));
        BOOST_TEST(to_string(e) == "continued by SIGCONT");
        BOOST_TEST(c.send_signal(SIGTERM).has_value());
        e = co_await c.async_wait_change();
        BOOST_TEST((e == child_event{child_change::ended, SIGTERM, exit_status::signalled(SIGTERM)}));
        BOOST_TEST(to_string(e) == "killed by SIGTERM");
        e = co_await c.async_wait_change();  // and again: it stays ended
        BOOST_TEST((e.what == child_change::ended));
    }(*this));
}

BOOST_AUTO_TEST_CASE(a_change_before_the_wait_is_kept) {
    run_task(io, [](process_fixture&) -> task<> {
        auto c = co_await start_ready(helper({"ready"}));
        BOOST_TEST(c.suspend().has_value());
        co_await with_timeout(c.async_wait(), 5ms, asio::as_tuple(asio::use_awaitable));
        const auto e = co_await c.async_wait_change();
        BOOST_TEST((e.what == child_change::stopped));
    }(*this));
}

BOOST_AUTO_TEST_CASE(a_wait_for_a_change_can_be_cancelled) {
    run_task(io, [](process_fixture&) -> task<> {
        auto c = co_await start_ready(helper({"ready"}));
        const auto [ec, e] = co_await with_timeout(c.async_wait_change(), 25ms, asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(ec == asio::error::timed_out);
    }(*this));
}

BOOST_AUTO_TEST_CASE(a_child_of_other_code_can_be_adopted) {
    auto c = adopt_child(ex, fork_exit(7)).value();
    BOOST_TEST(end_of(c) == exit_status::exited(7));
    auto stopped = adopt_child(
                       ex,
                       [] {
                           const pid_t pid = ::fork();
                           if (pid == 0)
                               for (;;) ::pause();
                           return pid;
                       }(),
                       stop_policy::kill())
                       .value();
    const pid_t pid = stopped.pid();
    BOOST_TEST(pid > 0);
    stopped = child();
    BOOST_TEST(run_dry(io));
    BOOST_TEST(::kill(pid, 0) == -1);
}

BOOST_AUTO_TEST_CASE(only_children_can_be_adopted) {
    BOOST_TEST((adopt_child(ex, ::getppid()).error().code() == errc::not_a_child));
    BOOST_TEST((adopt_child(ex, 0).error().code() == errc::invalid_process));
    BOOST_TEST((adopt_child(ex, -5).error().code() == errc::invalid_process));
    const pid_t gone = fork_exit(0);
    ::waitpid(gone, nullptr, 0);
    BOOST_TEST(adopt_child(ex, gone).has_error());
    BOOST_TEST(adopt_child(ex, unique_fd(::dup(0))).has_error());
    const fault old_kernel(sys::call::pidfd_open, ENOSYS);
    BOOST_TEST((adopt_child(ex, ::getpid()).error().code() == boost::system::errc::function_not_supported));
}

BOOST_AUTO_TEST_CASE(a_child_can_be_given_away) {
    auto c = run_task(io, start_ready(helper({"ready"})));
    bool aborted = false;
    c.async_wait([&](error_code ec, exit_status) { aborted = ec == asio::error::operation_aborted; });
    auto given = c.release();
    BOOST_REQUIRE(given.has_value());
    BOOST_TEST(!c);
    run_until(io, [&] { return aborted; });
    int status = 0;
    ::kill(given->pid, SIGTERM);
    BOOST_TEST(::waitpid(given->pid, &status, 0) == given->pid);
    BOOST_TEST(WTERMSIG(status) == SIGTERM);
    BOOST_TEST((c.release().error().code() == errc::no_child));
}

BOOST_AUTO_TEST_CASE(what_was_given_away_can_be_adopted_again) {
    auto given = start(helper({"exit", "6"})).release().value();  // dead or alive
    auto c = adopt_child(ex, std::move(given.pidfd)).value();
    BOOST_TEST(c.pid() == given.pid);
    BOOST_TEST(end_of(c) == exit_status::exited(6));
    BOOST_TEST(c.release().has_error());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
