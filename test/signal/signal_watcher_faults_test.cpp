// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/signal/signal_watcher.hpp>

#include <parley/core/error.hpp>
#include <parley/signal/disposition.hpp>

#include "fault.hpp"
#include "signal_tools.hpp"

#include <boost/system/system_error.hpp>

#include <cerrno>
#include <csignal>
#include <optional>
#include <string>

BOOST_AUTO_TEST_SUITE(signal_watcher_faults_test)

// A constructor that fails leaves nothing behind: the fixture looks for descriptors, dispositions and masks.

namespace {

namespace asio = boost::asio;
using boost::system::system_error;
using parley::signal_mask;
using parley::signal_watcher;
using parley::sys::call;

// What the constructor throws, with nothing left over; the code must be `expected`.
std::string refusal(const signal_mask& signals, parley::error_code expected,
                    parley::signal_watcher_options options = {}) {
    const parley::test::no_signal_leftovers nothing_left;
    asio::io_context io;
    try {
        const signal_watcher watcher(io.get_executor(), signals, options);
    } catch (const system_error& e) {
        BOOST_TEST(e.code() == expected);
        return e.what();
    }
    return "no error";
}

std::string refusal(const signal_mask& signals, call which, int nth, int errno_value) {
    const parley::test::fault injected(which, errno_value, nth, 1);
    const auto text = refusal(signals, parley::sys::make_code(errno_value));
    BOOST_TEST(injected.seen() >= nth);
    return text;
}

bool begins(const std::string& text, const std::string& with) { return text.rfind(with, 0) == 0; }

void host_handler(int) {}

BOOST_FIXTURE_TEST_SUITE(clean, parley::test::no_signal_leftovers)

BOOST_AUTO_TEST_CASE(what_cannot_be_caught_is_refused_by_name) {
    BOOST_TEST(begins(refusal({SIGINT, SIGKILL}, parley::errc::signal_not_catchable), "watch SIGKILL: "));
    BOOST_TEST(begins(refusal({SIGSTOP}, parley::errc::signal_not_catchable), "watch SIGSTOP: "));
}

BOOST_AUTO_TEST_CASE(faults_of_an_instruction_are_refused) {
    for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
        const auto text = refusal({number}, parley::errc::invalid_argument);
        BOOST_TEST(text.find("crash_handler") != std::string::npos, text);
    }
}

BOOST_AUTO_TEST_CASE(an_empty_set_is_refused) {
    BOOST_TEST(begins(refusal({}, parley::errc::invalid_argument), "watch no signal"));
}

BOOST_AUTO_TEST_CASE(queue_limits_out_of_range_are_refused) {
    BOOST_TEST(begins(refusal({SIGUSR1}, parley::errc::invalid_argument, {.queue_limit = 0}),
                      "watch {SIGUSR1} with a queue_limit of 0"));
    refusal({SIGUSR1}, parley::errc::invalid_argument, {.queue_limit = (1u << 24) + 1});
    refusal({SIGUSR1}, parley::errc::invalid_argument, {.queue_limit = static_cast<std::size_t>(-1)});
}

BOOST_AUTO_TEST_CASE(a_failing_eventfd_is_named) {
    BOOST_TEST(begins(refusal({SIGUSR1, SIGUSR2}, call::eventfd, 1, EMFILE), "watch {SIGUSR1, SIGUSR2}, eventfd: "));
}

BOOST_AUTO_TEST_CASE(failing_calls_of_the_signalfd_way_are_named) {
    const parley::test::blocked held({SIGUSR1});
    BOOST_TEST(begins(refusal({SIGUSR1}, call::signalfd, 1, EMFILE), "watch {SIGUSR1}, signalfd: "));
    BOOST_TEST(begins(refusal({SIGUSR1}, call::epoll_create, 1, ENFILE), "watch {SIGUSR1}, epoll_create1: "));
    BOOST_TEST(begins(refusal({SIGUSR1}, call::epoll_ctl, 1, ENOSPC), "watch {SIGUSR1}, epoll_ctl: "));
    BOOST_TEST(begins(refusal({SIGUSR1}, call::epoll_ctl, 2, ENOMEM), "watch {SIGUSR1}, epoll_ctl: "));
}

// Two calls of sigaction for each number: what was before, our own.
BOOST_AUTO_TEST_CASE(failing_sigactions_are_named_and_undone) {
    const parley::scoped_disposition ignored(SIGUSR2, parley::disposition::ignore);
    struct sigaction earlier {
    }, mine{};
    mine.sa_handler = host_handler;
    sigaction(SIGUSR1, &mine, &earlier);
    for (int nth = 1; nth <= 4; ++nth) {
        const auto text = refusal({SIGUSR1, SIGUSR2}, call::sigaction, nth, EINVAL);
        BOOST_TEST(begins(text, nth <= 2 ? "watch SIGUSR1, sigaction: " : "watch SIGUSR2, sigaction: "),
                   nth << ": " << text);
    }
    sigaction(SIGUSR1, &earlier, nullptr);
}

BOOST_AUTO_TEST_CASE(a_failed_watcher_leaves_an_earlier_one_at_work) {
    asio::io_context io;
    signal_watcher watcher(io.get_executor(), {SIGUSR1});
    for (int nth = 1; nth <= 2; ++nth) refusal({SIGUSR1, SIGUSR2}, call::sigaction, nth, EINVAL);
    parley::test::send(SIGUSR1);
    BOOST_TEST(parley::test::wait_one(io, watcher).number == SIGUSR1);
}

BOOST_AUTO_TEST_CASE(without_proc_a_handler_catches) {
    const parley::test::blocked held({SIGUSR1});
    asio::io_context io;
    const parley::test::fault injected(call::open, EACCES, 1, 1);
    BOOST_TEST(!signal_watcher(io.get_executor(), {SIGUSR1}).uses_signalfd());
    BOOST_TEST(injected.seen() >= 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace

BOOST_AUTO_TEST_SUITE_END()
