// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/run.hpp>

#include "fault.hpp"
#include "process_tools.hpp"

#include <parley/core/timeout.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <string>
#include <tuple>
#include <vector>

BOOST_AUTO_TEST_SUITE(run_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

struct context : process_fixture {
    std::tuple<error_code, run_result> run(const command& what, const run_options& options = {}) {
        return run_task(io, [](executor on, command c, run_options o) -> task<std::tuple<error_code, run_result>> {
            co_return co_await async_run(on, c, o, asio::as_tuple(asio::use_awaitable));
        }(ex, what, options));
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(run_suite, context)

BOOST_AUTO_TEST_CASE(both_streams_and_the_status_come_back) {
    const auto [ec, r] = run(shell("echo out; echo err >&2; exit 3"));
    BOOST_TEST(!ec);
    BOOST_TEST(r.status == exit_status::exited(3));
    BOOST_TEST(r.out == "out\n");
    BOOST_TEST(r.err == "err\n");
    BOOST_TEST(r.drained);
    BOOST_TEST(!r.out_truncated);
}

BOOST_AUTO_TEST_CASE(input_larger_than_any_pipe_goes_through) {
    std::string input;
    for (int i = 0; i < 500000; ++i) input += std::to_string(i) + "\n";
    const auto [ec, r] = run(helper({"echo"}), {.input = input});
    BOOST_TEST(!ec);
    BOOST_TEST((r.out == input));
}

BOOST_AUTO_TEST_CASE(a_capture_that_outgrows_its_memory_again_and_again_is_whole) {
    std::string input;
    for (int i = 0; input.size() < 9u << 20; ++i) input += std::to_string(i) + "\n";
    const auto [ec, r] = run({.program = "/bin/cat"}, {.input = input, .output_limit = input.size()});
    BOOST_TEST(!ec);
    BOOST_TEST((r.out == input));
    BOOST_TEST(!r.out_truncated);
}

BOOST_AUTO_TEST_CASE(only_a_program_that_says_much_gets_a_large_pipe) {
    // The kernel counts the memory of pipes per user. The program tells the capacity when it has written all.
    const auto [ec, little] = run(helper({"pipe-capacity", "0"}));
    const auto [other_ec, much] = run(helper({"pipe-capacity", std::to_string(1 << 20)}));
    BOOST_TEST(!ec);
    BOOST_TEST(!other_ec);
    BOOST_TEST(std::stoi(little.err) <= 65536);
    BOOST_TEST(std::stoi(much.err) == 1 << 20);
    BOOST_TEST(much.out.size() == 1u << 20);
}

BOOST_AUTO_TEST_CASE(a_program_that_floods_both_streams_does_not_deadlock) {
    const auto [ec, r] = run(helper({"flood", std::to_string(8 << 20)}));
    BOOST_TEST(!ec);
    BOOST_TEST(r.out.size() == 8u << 20);
    BOOST_TEST(r.err.size() == 8u << 20);
}

BOOST_AUTO_TEST_CASE(without_input_the_program_sees_the_end_of_input) {
    const auto [ec, r] = run(helper({"echo"}));
    BOOST_TEST(!ec);
    BOOST_TEST(r.status.success());
    BOOST_TEST(r.out.empty());
}

BOOST_AUTO_TEST_CASE(a_program_that_does_not_read_its_input_is_no_error_and_no_sigpipe) {
    struct sigaction now {};
    ::sigaction(SIGPIPE, nullptr, &now);
    BOOST_REQUIRE((now.sa_handler == SIG_DFL));
    const auto [ec, r] = run({.program = "/bin/true"}, {.input = std::string(1 << 20, 'x')});
    BOOST_TEST(!ec);
    BOOST_TEST(r.status.success());
}

BOOST_AUTO_TEST_CASE(a_limit_stops_the_program_by_default) {
    const auto [ec, r] = run(helper({"flood", std::to_string(1L << 40)}), {.output_limit = 100000});
    BOOST_TEST((ec == errc::limit_exceeded));
    BOOST_TEST(r.out.size() == 100000u);
    BOOST_TEST(r.out_truncated);
    BOOST_TEST(r.status.known());
}

BOOST_AUTO_TEST_CASE(a_limit_can_keep_the_tail) {
    for (const std::size_t limit : {0u, 1u, 1000u, 100'000u, 300'000u}) {
        const auto [ec, r] = run(shell("seq 1 100000; echo end >&2"),
                                 {.output_limit = limit, .on_overflow = capture_overflow::keep_tail});
        std::string all;
        for (int i = 1; i <= 100'000; ++i) all += std::to_string(i) + "\n";
        BOOST_TEST(!ec);
        BOOST_TEST((r.out == all.substr(all.size() - limit)), limit);
        BOOST_TEST(r.out_truncated);
        BOOST_TEST(r.err == "end\n");
        BOOST_TEST(!r.err_truncated);
    }
}

BOOST_AUTO_TEST_CASE(what_is_within_the_limit_is_the_tail_whole) {
    const auto [ec, r] = run(shell("printf 12345"), {.output_limit = 5, .on_overflow = capture_overflow::keep_tail});
    BOOST_TEST(r.out == "12345");
    BOOST_TEST(!r.out_truncated);
}

BOOST_AUTO_TEST_CASE(a_run_that_takes_too_long_gives_what_it_has) {
    auto slow = helper({"ready"});
    const auto [ec, r] = run(slow, {.timeout = 200ms});
    BOOST_TEST(ec == asio::error::timed_out);
    BOOST_TEST(r.out == "ready\n");
    BOOST_TEST(r.status == exit_status::signalled(SIGTERM));
    BOOST_TEST((r.report.step == stop_step::asked));
    const auto [fast_ec, fast] = run(helper({"exit", "3"}), {.timeout = 60s});
    BOOST_TEST(!fast_ec);
    BOOST_TEST(fast.status == exit_status::exited(3));
}

BOOST_AUTO_TEST_CASE(a_limit_can_keep_the_head) {
    const auto [ec, r] = run(helper({"flood", std::to_string(4 << 20)}),
                             {.output_limit = 1000, .error_limit = 0, .on_overflow = capture_overflow::keep_head});
    BOOST_TEST(!ec);
    BOOST_TEST(r.status.success());
    BOOST_TEST(r.out.size() == 1000u);
    BOOST_TEST(r.err.empty());
    BOOST_TEST(r.out_truncated);
    BOOST_TEST(r.err_truncated);
}

BOOST_AUTO_TEST_CASE(output_of_exactly_the_limit_is_whole) {
    const auto [ec, r] = run(shell("printf 12345"), {.output_limit = 5});
    BOOST_TEST(!ec);
    BOOST_TEST(r.out == "12345");
    BOOST_TEST(!r.out_truncated);
}

BOOST_AUTO_TEST_CASE(a_grandchild_that_keeps_the_pipe_does_not_keep_the_call) {
    const auto [ec, r] = run(helper({"leave-grandchild"}), {.drain_grace = 20ms});
    BOOST_TEST(!ec);
    BOOST_TEST(r.status.success());
    BOOST_TEST(!r.drained);
    BOOST_REQUIRE(!r.out.empty());
    ::kill(std::stoi(r.out), SIGKILL);
}

BOOST_AUTO_TEST_CASE(a_program_may_close_its_streams_and_live_on) {
    const auto [ec, r] = run(shell("exec >/dev/null 2>&1 </dev/null; sleep 0.05; exit 4"));
    BOOST_TEST(!ec);
    BOOST_TEST(r.status == exit_status::exited(4));
}

BOOST_AUTO_TEST_CASE(a_timeout_stops_the_program_before_it_is_reported) {
    auto what = helper({"ready"});
    what.stop = {SIGTERM, 10s};
    const auto [ec, r] = run_task(io, [](executor on, command c) -> task<std::tuple<error_code, run_result>> {
        co_return co_await with_timeout(async_run(on, c), 50ms, asio::as_tuple(asio::use_awaitable));
    }(ex, what));
    BOOST_TEST(ec == asio::error::timed_out);
    BOOST_TEST(r.status == exit_status::signalled(SIGTERM));
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(streams_that_lead_elsewhere_are_left_alone) {
    auto c = shell("echo out; echo err >&2");
    c.out = stdio::null();
    const auto [ec, r] = run(c);
    BOOST_TEST(!ec);
    BOOST_TEST(r.out.empty());
    BOOST_TEST(r.err == "err\n");
}

BOOST_AUTO_TEST_CASE(a_program_that_cannot_start_is_an_error) {
    const auto [ec, r] = run({.program = "/no/such/program"});
    BOOST_TEST((ec == boost::system::errc::no_such_file_or_directory));
    BOOST_TEST(ec.message() == "exec: No such file or directory");
    BOOST_TEST(!r.status.known());
}

BOOST_AUTO_TEST_CASE(a_callback_gets_the_result_later) {
    bool done = false;
    const auto what = shell("echo hi");
    async_run(ex, what, [&](error_code ec, run_result r) {
        BOOST_TEST(!ec);
        BOOST_TEST(r.out == "hi\n");
        done = true;
    });
    BOOST_TEST(!done);
    run_until(io, [&] { return done; });
}

BOOST_AUTO_TEST_CASE(many_run_at_once) {
    int done = 0;
    const auto what = helper({"echo"});
    for (int i = 0; i < 50; ++i) {
        const run_options options{.input = std::to_string(i)};
        async_run(ex, what, options, [&, i](error_code ec, run_result r) {
            BOOST_TEST(!ec);
            BOOST_TEST(r.out == std::to_string(i));
            ++done;
        });
    }
    run_until(io, [&] { return done == 50; });
}

BOOST_AUTO_TEST_CASE(whatever_call_fails_the_answer_is_clean) {
    // Every call of the gateway, its n-th time, several errnos: success or an error, nothing left, no hang.
    const auto what = helper({"echo"});
    const run_options options{.input = "hello"};
    int failures = 0, runs = 0;
    for (int c = 0; c < static_cast<int>(sys::call::count_); ++c) {
        if (static_cast<sys::call>(c) == sys::call::close) continue;
        for (const int errno_value : {EINTR, EMFILE, ENOMEM, EPERM, EIO}) {
            for (int n = 1; n <= 30; ++n) {
                int seen = 0;
                {
                    const fault injected(static_cast<sys::call>(c), errno_value, n, 1);
                    const auto [ec, r] = run(what, options);
                    BOOST_TEST(run_dry(io));
                    seen = injected.seen();
                    ++runs;
                    if (ec)
                        ++failures;
                    else if (r.status.known())
                        BOOST_TEST((r.out == "hello" || !r.status.success()));
                }
                BOOST_TEST(children().empty());
                if (seen < n) break;
            }
        }
    }
    BOOST_TEST_MESSAGE(runs << " runs, " << failures << " errors");
    BOOST_TEST(failures > 20);
}

BOOST_AUTO_TEST_CASE(the_stream_that_fails_first_is_the_cause_and_what_it_cancels_is_not) {
    // Whichever goes past its limit, the other two are open and have nothing to say.
    const auto [err_ec, err] = run(shell("head -c 100000 /dev/zero >&2; exec sleep 1000"),
                                   {.input = std::string(1 << 20, 'x'), .error_limit = 1000});
    BOOST_TEST((err_ec == errc::limit_exceeded), err_ec.message());
    BOOST_TEST(err.err.size() == 1000u);
    BOOST_TEST(err.err_truncated);
    BOOST_TEST(!err.out_truncated);
    BOOST_TEST((err.failure == error(errc::limit_exceeded, "run /bin/sh: standard error")), err.failure);
    const auto [out_ec, out] = run(shell("head -c 100000 /dev/zero; exec sleep 1000"), {.output_limit = 1000});
    BOOST_TEST((out_ec == errc::limit_exceeded), out_ec.message());
    BOOST_TEST(out.out_truncated);
    BOOST_TEST(!out.err_truncated);
    BOOST_TEST((out.failure == error(errc::limit_exceeded, "run /bin/sh: standard output")), out.failure);
}

BOOST_AUTO_TEST_CASE(a_failure_names_the_program_and_no_stream_that_did_not_fail) {
    const auto [late_ec, late] = run(shell("exec sleep 1000"), {.timeout = 20ms});
    BOOST_TEST((late.failure == error(late_ec, "run /bin/sh")), late.failure);
    const auto [unknown_ec, unknown] = run({.program = "/no/such/program"});
    BOOST_TEST(unknown.failure.context() == "spawn /no/such/program");
    const auto [ec, good] = run(shell("exit 3"));
    BOOST_TEST(!good.failure.code());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
