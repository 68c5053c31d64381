// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/application.hpp>

#include "captured_log.hpp"
#include "forked.hpp"
#include "leftovers.hpp"
#include "signal_state.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(application_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

void some_handler(int) {}

task<> wait_for_ever() {
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    co_await timer.async_wait(asio::use_awaitable);
}

// Ignores every cancellation.
task<> stay() {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await wait_for_ever();
}

struct fixture : no_leftovers, signal_state {
    fixture() : signal_state({SIGINT, SIGTERM, SIGCHLD, SIGUSR1}) {}

    captured_log log;
};

BOOST_FIXTURE_TEST_SUITE(application_suite, fixture)

BOOST_AUTO_TEST_CASE(the_value_of_main_is_the_exit_code) {
    for (const int code : {0, 3, 255}) BOOST_TEST(run([](int c) -> task<int> { co_return c; }(code)) == code);
    BOOST_TEST(run([]() -> task<> { co_await asio::post(asio::use_awaitable); }()) == 0);
    BOOST_TEST(log.text() == "");
}

BOOST_AUTO_TEST_CASE(a_failure_is_logged_in_one_line) {
    const auto failing = []() -> task<int> {
        co_await asio::post(asio::use_awaitable);
        throw std::runtime_error("it's\nerror: forged\x1b[2J");
    };
    BOOST_TEST(run(failing()) == 1);
    BOOST_TEST(log.text() == "error: main failed: it's\\x0aerror: forged\\x1b[2J\n");
}

BOOST_AUTO_TEST_CASE(what_main_throws_is_logged_and_the_exit_code_is_1) {
    const auto failing = []() -> task<int> {
        co_await asio::post(asio::use_awaitable);
        throw std::runtime_error("no such luck");
    };
    BOOST_TEST(run(failing()) == 1);
    BOOST_TEST(log.text() == "error: main failed: no such luck\n");
    const auto odd = []() -> task<> {
        throw 7;
        co_return;
    };
    BOOST_TEST(run(odd()) == 1);
    BOOST_TEST(log.has("an exception that is no std::exception"));
}

BOOST_AUTO_TEST_CASE(an_abortion_without_a_signal_is_a_failure) {
    const auto aborted = []() -> task<> {
        throw boost::system::system_error(asio::error::operation_aborted);
        co_return;
    };
    BOOST_TEST(run(aborted()) == 1);
    BOOST_TEST(log.has("main failed"));
}

BOOST_AUTO_TEST_CASE(a_signal_cancels_main_and_the_exit_code_says_which) {
    for (const int number : {SIGINT, SIGTERM}) {
        const auto alive = std::make_shared<int>(0);
        const auto with_value = [](int n, std::shared_ptr<int>) -> task<int> {
            ::raise(n);
            co_await wait_for_ever();
            co_return 0;
        };
        BOOST_TEST(run(with_value(number, alive)) == 128 + number);
        const auto without_value = [](int n, std::shared_ptr<int>) -> task<> {
            ::kill(::getpid(), n);
            co_await wait_for_ever();
        };
        BOOST_TEST(run(without_value(number, alive)) == 128 + number);
        BOOST_TEST(alive.use_count() == 1);
    }
    BOOST_TEST(log.text() == "");
}

BOOST_AUTO_TEST_CASE(the_exit_code_of_an_end_that_was_asked_for_can_be_chosen) {
    for (const int code : {0, 9}) {
        const auto options = application_options{.exit_code_when_asked = code};
        const auto abandoned = []() -> task<> {
            ::raise(SIGTERM);
            co_await wait_for_ever();
        };
        const auto returning = []() -> task<> {
            ::raise(SIGINT);
            try {
                co_await wait_for_ever();
            } catch (const boost::system::system_error&) {}
        };
        const auto with_value = []() -> task<int> {
            ::raise(SIGTERM);
            co_await wait_for_ever();
            co_return 4;
        };
        BOOST_TEST(run(abandoned(), options) == code);
        BOOST_TEST(run(returning(), options) == code);
        BOOST_TEST(run(with_value(), options) == code);
        // It changes nothing where main says otherwise, fails, or does not end; and nothing without a signal.
        const auto saying = []() -> task<int> {
            ::raise(SIGTERM);
            try {
                co_await wait_for_ever();
            } catch (const boost::system::system_error&) {}
            co_return 4;
        };
        BOOST_TEST(run(saying(), options) == 4);
        BOOST_TEST(run([]() -> task<> { co_await asio::post(asio::use_awaitable); }(), options) == 0);
        const auto failing = []() -> task<> {
            ::raise(SIGTERM);
            co_await asio::post(asio::use_awaitable);
            throw std::runtime_error("broken");
        };
        BOOST_TEST(run(failing(), options) == 1);
        const auto deaf = []() -> task<> {
            ::raise(SIGTERM);
            co_await stay();
        };
        BOOST_TEST(run(deaf(), {.deadline = 1ms, .exit_code_when_asked = code}) == 128 + SIGTERM);
        const auto beside = []() -> task<> {
            asio::post(co_await asio::this_coro::executor, [] { throw std::runtime_error("beside"); });
            ::raise(SIGTERM);
            co_await wait_for_ever();
        };
        BOOST_TEST(run(beside(), options) == 1);
    }
}

BOOST_AUTO_TEST_CASE(main_may_say_otherwise) {
    for (const int code : {0, 7}) {
        const auto tidy = [](int c) -> task<int> {
            ::raise(SIGTERM);
            try {
                co_await wait_for_ever();
            } catch (const boost::system::system_error&) {}
            co_return c;
        };
        BOOST_TEST(run(tidy(code)) == code);
    }
    const auto silent = []() -> task<> {
        ::raise(SIGTERM);
        try {
            co_await wait_for_ever();
        } catch (const boost::system::system_error&) {}
    };
    BOOST_TEST(run(silent()) == 128 + SIGTERM);  // a task<void> says nothing
    const auto failing = []() -> task<> {
        ::raise(SIGTERM);
        try {
            co_await wait_for_ever();
        } catch (const boost::system::system_error&) {}
        throw std::runtime_error("while tidying up");
    };
    BOOST_TEST(run(failing()) == 1);
    BOOST_TEST(log.has("while tidying up"));
}

BOOST_AUTO_TEST_CASE(the_cancellation_is_kept) {
    const auto stubborn = []() -> task<int> {
        int refused = 0;
        ::raise(SIGTERM);
        for (int i = 0; i < 3; ++i) {
            try {
                co_await wait_for_ever();
            } catch (const boost::system::system_error&) {
                ++refused;
            }
        }
        co_return refused;
    };
    BOOST_TEST(run(stubborn()) == 3);
}

BOOST_AUTO_TEST_CASE(a_second_signal_forces) {
    const auto alive = std::make_shared<int>(0);
    const auto deaf = [](std::shared_ptr<int>) -> task<int> {
        ::raise(SIGTERM);
        co_await asio::post(asio::use_awaitable);
        ::raise(SIGINT);
        co_await stay();
        co_return 0;
    };
    BOOST_TEST(run(deaf(alive)) == 128 + SIGTERM);
    BOOST_TEST(alive.use_count() == 1);
    BOOST_TEST(log.has("warning: main was asked to end and did not: forced"));
}

BOOST_AUTO_TEST_CASE(the_deadline_forces) {
    const auto deaf = []() -> task<> {
        ::raise(SIGINT);
        co_await stay();
    };
    BOOST_TEST(run(deaf(), {.deadline = 1ms}) == 128 + SIGINT);
}

BOOST_AUTO_TEST_CASE(what_main_leaves_behind_is_destroyed) {
    const auto alive = std::make_shared<int>(0);
    const auto careless = [](std::shared_ptr<int> token) -> task<int> {
        const auto background = [](std::shared_ptr<int>) -> task<> { co_await wait_for_ever(); };
        asio::co_spawn(co_await asio::this_coro::executor, background(token), asio::detached);
        co_return 4;
    };
    BOOST_TEST(run(careless(alive)) == 4);
    BOOST_TEST(alive.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(what_a_handler_throws_is_logged_and_asks_main_to_end) {
    const auto careless = [](int code) -> task<int> {
        asio::post(co_await asio::this_coro::executor, [] { throw std::runtime_error("loose"); });
        try {
            co_await wait_for_ever();
        } catch (const boost::system::system_error&) {}
        co_return code;
    };
    BOOST_TEST(run(careless(0)) == 1);
    BOOST_TEST(log.text() == "error: a handler failed: loose\n");
    BOOST_TEST(run(careless(5)) == 5);
    const auto plain = []() -> task<> {
        asio::post(co_await asio::this_coro::executor, [] { throw std::runtime_error("loose"); });
        co_await wait_for_ever();
    };
    BOOST_TEST(run(plain()) == 1);
}

BOOST_AUTO_TEST_CASE(a_loop_stopped_under_main_is_a_failure) {
    const auto stopper = []() -> task<> {
        const auto here = co_await asio::this_coro::executor;
        here.target<asio::io_context::executor_type>()->context().stop();
        co_await wait_for_ever();
    };
    BOOST_TEST(run(stopper()) == 1);
    BOOST_TEST(log.has("the loop was stopped before main had ended"));
}

BOOST_AUTO_TEST_CASE(what_cannot_run_is_logged) {
    bool started = false;
    const auto never = [](bool& flag) -> task<> {
        flag = true;
        co_return;
    };
    BOOST_TEST(run(never(started), {.signals = {SIGKILL}}) == 1);
    BOOST_TEST(!started);
    BOOST_TEST(log.has("error: cannot run: catch signal 9"));
}

BOOST_AUTO_TEST_CASE(dispositions_come_back) {
    const signal_state own({SIGINT, SIGTERM}, some_handler);
    const auto look = []() -> task<int> { co_return handler_is(SIGINT, some_handler) ? 1 : 0; };
    BOOST_TEST(run(look()) == 0);
    BOOST_TEST(handler_is(SIGINT, some_handler));
    BOOST_TEST(handler_is(SIGTERM, some_handler));
}

BOOST_AUTO_TEST_CASE(an_ignored_sigchld_is_undone_with_a_warning) {
    const auto look = []() -> task<int> {
        const auto now = action_of(SIGCHLD);
        co_return now.sa_handler != SIG_IGN && (now.sa_flags & SA_NOCLDWAIT) == 0 ? 0 : 1;
    };
    {
        const signal_state ignored({SIGCHLD}, SIG_IGN);
        BOOST_TEST(run(look()) == 0);
        BOOST_TEST(handler_is(SIGCHLD, SIG_IGN));
        BOOST_TEST(log.text().starts_with("warning: SIGCHLD was ignored"));
    }
    struct ::sigaction no_wait = action_of(SIGCHLD);
    no_wait.sa_handler = some_handler;
    no_wait.sa_flags = SA_NOCLDWAIT;
    ::sigaction(SIGCHLD, &no_wait, nullptr);
    BOOST_TEST(run(look()) == 0);
    BOOST_TEST((action_of(SIGCHLD).sa_flags & SA_NOCLDWAIT) != 0);
    BOOST_TEST(log.has("SA_NOCLDWAIT"));
}

BOOST_AUTO_TEST_CASE(a_sigchld_in_order_is_left_alone) {
    const signal_state own({SIGCHLD}, some_handler);
    BOOST_TEST(run([]() -> task<int> { co_return handler_is(SIGCHLD, some_handler) ? 0 : 1; }()) == 0);
    BOOST_TEST(log.text() == "");
}

bool is_blocked(int number) { return current_mask().value().contains(number); }

BOOST_AUTO_TEST_CASE(signals_are_blocked_and_let_through_as_asked) {
    block_signals({SIGTERM}).value();
    const auto look = []() -> task<int> { co_return (is_blocked(SIGUSR1) ? 0 : 1) + (is_blocked(SIGTERM) ? 2 : 0); };
    BOOST_TEST(run(look(), {.blocked = {SIGUSR1}}) == 0);
    BOOST_TEST(!is_blocked(SIGUSR1));
    BOOST_TEST(is_blocked(SIGTERM));
}

BOOST_AUTO_TEST_CASE(a_blocked_signal_that_came_too_late_does_not_kill) {
    const auto late = []() -> task<int> {
        ::raise(SIGUSR1);
        co_return 6;
    };
    BOOST_TEST(run(late(), {.blocked = {SIGUSR1}}) == 6);
    BOOST_TEST(!pending_signals().value().contains(SIGUSR1));
    BOOST_TEST(handler_is(SIGUSR1, SIG_DFL));
}

BOOST_AUTO_TEST_CASE(the_longest_deadline_is_none) {
    const auto slow_to_end = []() -> task<int> {
        try {
            ::raise(SIGTERM);
            co_await wait_for_ever();
        } catch (const boost::system::system_error&) {}
        co_await asio::this_coro::reset_cancellation_state();
        asio::steady_timer timer(co_await asio::this_coro::executor, 5ms);
        co_await timer.async_wait(asio::use_awaitable);
        co_return 9;
    };
    BOOST_TEST(run(slow_to_end(), {.deadline = std::chrono::milliseconds::max()}) == 9);
    BOOST_TEST(run(slow_to_end(), {.deadline = std::chrono::hours::max()}) == 9);
}

BOOST_AUTO_TEST_CASE(the_loop_takes_the_longest_times) {
    const auto main = []() -> task<int> {
        asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
        co_await timer.async_wait(asio::use_awaitable);
        co_return 2;
    };
    BOOST_TEST(run(main(), {.loop = {.busy_poll = std::chrono::hours::max()}}) == 2);
    BOOST_TEST(run(main(), {.loop = {.busy_poll = std::chrono::microseconds::max()}}) == 2);
    BOOST_TEST(run(main(), {.loop = {.watch_lag = std::chrono::milliseconds::max()}}) == 2);
    BOOST_TEST(run(main(), {.loop = {.watch_lag = 1ms, .lag_limit = std::chrono::hours::max()}}) == 2);
    BOOST_TEST(log.text() == "");
}

BOOST_AUTO_TEST_CASE(the_loop_takes_its_options) {
    const auto main = []() -> task<int> {
        asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
        co_await timer.async_wait(asio::use_awaitable);
        co_return 2;
    };
    BOOST_TEST(run(main(), {.loop = {.busy_poll = 100us}}) == 2);
}

BOOST_AUTO_TEST_CASE(a_process_of_its_own_ends_with_the_code) {
    for (const int number : {SIGINT, SIGTERM}) {
        int ready[2];
        BOOST_TEST_REQUIRE(::pipe(ready) == 0);
        forked child([&] {
            return run([](int fd) -> task<> {
                if (::write(fd, "r", 1) != 1) co_return;
                co_await wait_for_ever();
            }(ready[1]));
        });
        char byte = 0;
        BOOST_TEST(::read(ready[0], &byte, 1) == 1);
        BOOST_TEST(::kill(child.pid(), number) == 0);
        const int status = child.wait();
        BOOST_TEST(WIFEXITED(status));
        BOOST_TEST(WEXITSTATUS(status) == 128 + number);
        ::close(ready[0]);
        ::close(ready[1]);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
