// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The same promise on a kernel that cannot be told to leave SIGPIPE out: its own program, because the library
// remembers.

#include <parley/pipe/pipe.hpp>

#include "fault.hpp"
#include "leftovers.hpp"
#include "pipe_bytes.hpp"
#include "run_task.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>

#include <pthread.h>

BOOST_AUTO_TEST_SUITE(pipe_old_kernel_test)

using namespace parley;
using namespace parley::test;

struct old_kernel : no_leftovers, default_sigpipe {
    fault no_nosignal{sys::call::writev, EOPNOTSUPP};
    asio::io_context io;
};

error_code write_error(pipe_writer& writer) {
    error_code ec;
    writer.write_some(asio::buffer("x", 1), ec);
    return ec;
}

bool sigpipe_is_blocked() {
    sigset_t mask;
    return ::pthread_sigmask(SIG_BLOCK, nullptr, &mask) == 0 && sigismember(&mask, SIGPIPE) == 1;
}

BOOST_FIXTURE_TEST_SUITE(old_kernel_suite, old_kernel)

BOOST_AUTO_TEST_CASE(bytes_are_written) {
    auto pipe = make_pipe(io.get_executor()).value();
    BOOST_TEST(pipe.writer.write_some(asio::buffer("abc", 3)) == 3u);
    BOOST_TEST(drain(pipe.reader.native_handle()) == "abc");
}

BOOST_AUTO_TEST_CASE(a_write_without_a_reader_is_broken_pipe_and_no_signal) {
    auto pipe = make_pipe(io.get_executor()).value();
    pipe.reader.close();
    BOOST_TEST(write_error(pipe.writer) == asio::error::broken_pipe);
    BOOST_TEST(!sigpipe_is_blocked());
    BOOST_TEST(!sigpipe_is_pending());
}

BOOST_AUTO_TEST_CASE(a_waiting_write_without_a_reader_is_broken_pipe_and_no_signal) {
    auto pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
    fill(pipe.writer.native_handle());
    write_outcome outcome;
    pipe.writer.async_write_some(asio::buffer("x", 1), outcome.handler());
    run_ready(io);
    pipe.reader.close();
    run_until(io, [&] { return outcome.done(); });
    BOOST_TEST(outcome.ec == asio::error::broken_pipe);
    BOOST_TEST(!sigpipe_is_pending());
}

BOOST_AUTO_TEST_CASE(an_ignored_sigpipe_is_no_obstacle) {
    ::signal(SIGPIPE, SIG_IGN);
    auto pipe = make_pipe(io.get_executor()).value();
    pipe.reader.close();
    BOOST_TEST(write_error(pipe.writer) == asio::error::broken_pipe);
}

BOOST_AUTO_TEST_CASE(a_full_pipe_raises_nothing_and_leaves_the_mask) {
    auto pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
    fill(pipe.writer.native_handle());
    write_outcome outcome;
    pipe.writer.async_write_some(asio::buffer("x", 1), outcome.handler());
    BOOST_TEST(!sigpipe_is_blocked());
    drain(pipe.reader.native_handle());
    run_until(io, [&] { return outcome.done(); });
    BOOST_TEST(!outcome.ec);
}

BOOST_AUTO_TEST_CASE(a_pending_sigpipe_of_somebody_else_stays) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    ::pthread_kill(::pthread_self(), SIGPIPE);
    auto pipe = make_pipe(io.get_executor()).value();
    pipe.reader.close();
    BOOST_TEST(write_error(pipe.writer) == asio::error::broken_pipe);
    BOOST_TEST(sigpipe_is_pending());
    BOOST_TEST(sigpipe_is_blocked());
    const timespec at_once{};
    BOOST_TEST(::sigtimedwait(&set, nullptr, &at_once) == SIGPIPE);
    BOOST_TEST(!sigpipe_is_pending());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
