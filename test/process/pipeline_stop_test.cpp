// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Pipelines that fail, are cancelled, or do not end by themselves.

#include <parley/process/pipeline.hpp>

#include "fault.hpp"
#include "pipeline_tools.hpp"

#include <parley/core/timeout.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

BOOST_AUTO_TEST_SUITE(pipeline_stop_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

const command cat{.program = "/bin/cat"};
const command missing{.program = "/no/such/program"};

command patient(command what) {
    what.stop = {SIGTERM, 1min};
    return what;
}

struct context : pipeline_fixture {
    /// Runs until `reached()`, then cancels and runs to the end.
    pipeline_outcome cancel_when(const pipeline& what, std::function<bool()> reached, pipeline_options options = {},
                                 asio::cancellation_type type = asio::cancellation_type::total) {
        asio::cancellation_signal cancel;
        std::optional<pipeline_outcome> ended;
        async_run(ex, what, options, asio::bind_cancellation_slot(cancel.slot(), [&](error_code ec, pipeline_result r) {
                      ended.emplace(ec, std::move(r));
                  }));
        run_until(io, std::move(reached));
        BOOST_TEST(!ended.has_value());
        cancel.emit(type);
        run_until(io, [&] { return ended.has_value(); });
        return std::move(*ended);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(pipeline_stop_suite, context)

// Failures to start

BOOST_AUTO_TEST_CASE(when_the_first_stage_cannot_start_nothing_runs) {
    bool ran = false;
    const auto [ec, r] = run_all(missing | [&](asio::readable_pipe&, pipe_writer&) -> task<void> {
        ran = true;
        co_return;
    } | cat);
    BOOST_TEST((ec == boost::system::errc::no_such_file_or_directory));
    BOOST_TEST(r.stages[0].failure.message() == "stage 1: spawn /no/such/program: exec: No such file or directory");
    BOOST_TEST(r.stages.size() == 3u);
    for (const auto& stage : r.stages) BOOST_TEST(!stage.status.known());
    BOOST_TEST(!ran);
    BOOST_TEST(!r.success());
}

BOOST_AUTO_TEST_CASE(when_a_middle_stage_cannot_start_those_before_it_are_stopped) {
    bool announced = false;
    // One that says nothing: the pipe to a program that does not start has no reader.
    const command silent{.program = "/bin/sleep", .arguments = {"1000"}};
    const auto [ec, r] = run_all(helper({"ready"}) | stage(upper) | patient(silent) | missing | cat,
                                 {.started = [&](pid_t) { announced = true; }});
    BOOST_TEST((ec == boost::system::errc::no_such_file_or_directory));
    BOOST_TEST(children().empty());
    BOOST_TEST(!announced);
    BOOST_TEST(r.stages[0].status == exit_status::signalled(SIGTERM));
    BOOST_TEST(!r.stages[1].status.known());
    BOOST_TEST(r.stages[2].status == exit_status::signalled(SIGTERM));
    BOOST_TEST((r.stages[2].report.step == stop_step::asked));
    BOOST_TEST(r.stages[3].failure.context() == "stage 4: spawn /no/such/program");
    BOOST_TEST(to_string(r.stages[3].report) == "/no/such/program did not run to an end");
    BOOST_TEST(!r.stages[4].status.known());
}

// How many writers the first child's input has when the first signal is sent.
std::atomic<int> writers_at_the_stop{-1};

int look_at_the_stop(sys::call c) noexcept {
    if (c == sys::call::pidfd_send_signal && writers_at_the_stop < 0)
        writers_at_the_stop = how_many_here(stream_of(children().at(0), 0));
    return 0;
}

BOOST_AUTO_TEST_CASE(a_start_that_fails_does_not_look_like_the_end_of_the_input) {
    sys::set_fault_hook(&look_at_the_stop);
    const auto [ec, r] = run_all(cat | missing, {.input = "half of it"});
    sys::set_fault_hook(nullptr);
    BOOST_TEST(r.stages[0].status == exit_status::signalled(SIGTERM));
    BOOST_TEST(writers_at_the_stop == 1);
}

BOOST_AUTO_TEST_CASE(the_death_of_a_stage_does_not_look_like_the_end_of_the_input) {
    const auto throws = [](asio::readable_pipe&, pipe_writer&) -> task<void> { throw std::runtime_error("no"); };
    for (int i = 0; i < 20; ++i) {
        const auto [ec, r] = run_all(cat | cat | cat | cat | stage(throws) | cat | cat | cat | cat);
        for (std::size_t k = 5; k < 9; ++k) BOOST_TEST(r.stages[k].status == exit_status::signalled(SIGTERM));
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_work_is_refused_by_name) {
    auto [ec, r] = run_all(pipeline());
    BOOST_TEST((ec == errc::invalid_argument));
    auto reads_file = cat;
    reads_file.in = stdio::null();
    std::tie(ec, r) = run_all(reads_file | cat, {.input = "x"});
    BOOST_TEST((ec == errc::invalid_argument));
    BOOST_TEST(r.stages[0].failure.message().find("stage 1: /bin/cat: it would not read the input") == 0u);
    auto on_terminal = cat;
    on_terminal.err = stdio::pty();
    std::tie(ec, r) = run_all(cat | on_terminal);
    BOOST_TEST((ec == errc::invalid_argument));
    BOOST_TEST(r.stages[1].failure.message().find("stage 2: /bin/cat: nobody would read its pseudo-terminal") == 0u);
    BOOST_TEST(children().empty());
}

// Cancellation

BOOST_AUTO_TEST_CASE(a_cancelled_pipeline_leaves_nothing) {
    bool seen = false;
    const auto all = helper({"ready"}) | line_watcher(seen) | cat | helper({"echo"});
    for (const auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        seen = false;
        const auto [ec, r] = cancel_when(
            all, [&] { return seen; }, {}, type);
        BOOST_TEST(ec == asio::error::operation_aborted);
        BOOST_TEST(children().empty());
        for (const std::size_t i : {0, 2, 3}) {
            BOOST_TEST(r.stages[i].status == exit_status::signalled(SIGTERM));
            BOOST_TEST((r.stages[i].report.step == stop_step::asked));
        }
        BOOST_TEST(!r.stages[1].status.known());
        BOOST_TEST((r.stages[1].failure == error()));  // it was interrupted, it did not fail
        BOOST_TEST(r.drained);
    }
}

BOOST_AUTO_TEST_CASE(every_stage_is_stopped_by_its_own_policy) {
    auto deaf = helper({"ignore", std::to_string(SIGTERM)}), polite = helper({"ready"});
    deaf.stop = {SIGTERM, 20ms};
    polite.stop = {SIGUSR1, 1min};
    bool seen = false;
    const auto [ec, r] = cancel_when(deaf | line_watcher(seen) | polite, [&] { return seen; });
    BOOST_TEST(ec == asio::error::operation_aborted);
    BOOST_TEST(r.stages[0].status == exit_status::signalled(SIGKILL));
    BOOST_TEST((r.stages[0].report.step == stop_step::killed));
    BOOST_TEST(r.stages[2].status == exit_status::signalled(SIGUSR1));
}

BOOST_AUTO_TEST_CASE(what_was_said_until_the_end_is_in_the_result) {
    bool seen = false;
    const auto forwards = [&](asio::readable_pipe& from, pipe_writer& to) -> task<void> {
        const auto block = co_await read_some(from);
        co_await asio::async_write(to, asio::buffer(block), asio::use_awaitable);
        seen = true;
        co_await read_some(from);
    };
    const auto [ec, r] = cancel_when(helper({"last-words"}) | stage(forwards), [&] { return seen; });
    BOOST_TEST(ec == asio::error::operation_aborted);
    BOOST_TEST(r.out == "ready\n");
    BOOST_TEST(r.stages[0].err == "last words\n");
    BOOST_TEST(r.stages[0].status == exit_status::exited(7));
}

BOOST_AUTO_TEST_CASE(a_coroutine_that_is_not_to_be_interrupted_sees_the_end_of_its_input) {
    bool seen = false, ended = false;
    const auto stubborn = [&](asio::readable_pipe& from, pipe_writer&) -> task<void> {
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        while (!(co_await read_some(from)).empty()) seen = true;
        ended = true;
    };
    const auto [ec, r] = cancel_when(helper({"ready"}) | stage(stubborn) | cat, [&] { return seen; });
    BOOST_TEST(ec == asio::error::operation_aborted);
    BOOST_TEST(ended);
    BOOST_TEST(r.stages[1].status.success());
}

BOOST_AUTO_TEST_CASE(a_coroutine_that_waits_for_room_is_interrupted) {
    bool begun = false;
    const auto writes_much = [&](asio::readable_pipe&, pipe_writer& to) -> task<void> {
        const std::string much(1 << 20, 'x');
        begun = true;
        co_await asio::async_write(to, asio::buffer(much), asio::use_awaitable);
    };
    const auto [ec, r] = cancel_when(stage(writes_much) | helper({"ready"}), [&] { return begun; });
    BOOST_TEST(ec == asio::error::operation_aborted);
    BOOST_TEST(!r.stages[0].status.known());
    BOOST_TEST(r.stages[1].status == exit_status::signalled(SIGTERM));
}

BOOST_AUTO_TEST_CASE(a_stage_may_cancel_the_whole_at_its_beginning) {
    asio::cancellation_signal cancel;
    std::optional<error_code> ended;
    const auto all = helper({"ready"}) | [&](asio::readable_pipe& from, pipe_writer&) -> task<void> {
        cancel.emit(asio::cancellation_type::total);
        while (!(co_await read_some(from)).empty()) {}
    };
    asio::post(ex, [&] {
        async_run(ex, all,
                  asio::bind_cancellation_slot(cancel.slot(), [&](error_code ec, pipeline_result) { ended = ec; }));
    });
    run_until(io, [&] { return ended.has_value(); });
    BOOST_TEST(*ended == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(a_deadline_stops_all_stages) {
    const auto all = command{.program = "/bin/sleep", .arguments = {"3600"}} | cat;  // which writes nothing
    auto [ec, r] = run_all(all, {.timeout = 50ms});
    BOOST_TEST(ec == asio::error::timed_out);
    for (const auto& stage : r.stages) BOOST_TEST(stage.status == exit_status::signalled(SIGTERM));
    std::tie(ec, r) = run_task(io, [](executor on, pipeline p) -> task<pipeline_outcome> {
        co_return co_await with_timeout(async_run(on, p), 50ms, asio::as_tuple(asio::use_awaitable));
    }(ex, all));
    BOOST_TEST(ec == asio::error::timed_out);
    for (const auto& stage : r.stages) BOOST_TEST(stage.status == exit_status::signalled(SIGTERM));
    std::tie(ec, r) = run_all(cat | cat, {.input = "x", .timeout = std::chrono::milliseconds::max()});
    BOOST_TEST(!ec);
}

// Limits

BOOST_AUTO_TEST_CASE(output_over_the_limit_stops_all_stages) {
    const auto [ec, r] = run_all(command{.program = "/usr/bin/yes"} | cat, {.output_limit = 1000});
    BOOST_TEST((ec == errc::limit_exceeded));
    BOOST_TEST(r.out.size() == 1000u);
    BOOST_TEST(r.out_truncated);
    for (const auto& stage : r.stages) BOOST_TEST(stage.status.known());
}

BOOST_AUTO_TEST_CASE(so_does_the_standard_error_of_one_stage) {
    const auto [ec, r] = run_all(shell("yes >&2") | helper({"ready"}), {.error_limit = 10});
    BOOST_TEST((ec == errc::limit_exceeded));
    BOOST_TEST(r.stages[0].err == "y\ny\ny\ny\ny\n");
    BOOST_TEST(r.stages[0].err_truncated);
    BOOST_TEST(!r.stages[1].err_truncated);
    BOOST_TEST(children().empty());
}

// Descendants

BOOST_AUTO_TEST_CASE(a_grandchild_that_keeps_the_last_pipe_does_not_keep_the_call) {
    const auto [ec, r] = run_all(cat | helper({"leave-grandchild"}), {.drain_grace = 20ms});
    BOOST_TEST(!ec);
    BOOST_TEST(r.success());
    BOOST_TEST(!r.drained);
    BOOST_REQUIRE(!r.out.empty());
    ::kill(std::stoi(r.out), SIGKILL);
}

BOOST_AUTO_TEST_CASE(a_cancellation_ends_the_wait_for_a_grandchild) {
    int pid = 0;
    const auto remembers = [&](asio::readable_pipe& from, pipe_writer&) -> task<void> {
        pid = std::stoi(co_await read_some(from));
    };
    const auto all = helper({"leave-grandchild"}) | stage(remembers);  // which keeps the standard error
    const auto all_ended = [&] {
        if (pid == 0 || !children().empty()) return false;
        run_ready(io);
        return true;
    };
    const auto [ec, r] = cancel_when(all, all_ended, {.drain_grace = 1h});
    BOOST_TEST(ec == asio::error::operation_aborted);
    BOOST_TEST(r.success());
    BOOST_TEST(!r.drained);
    ::kill(pid, SIGKILL);
}

BOOST_AUTO_TEST_CASE(a_grandchild_does_not_keep_a_cancelled_pipeline_for_the_whole_grace) {
    int pid = 0;
    const auto remembers = [&](asio::readable_pipe& from, pipe_writer&) -> task<void> {
        pid = std::stoi(co_await read_some(from));
        co_await read_some(from);
    };
    const auto [ec, r] =
        cancel_when(helper({"leave-grandchild"}) | stage(remembers), [&] { return pid != 0; }, {.drain_grace = 1h});
    BOOST_TEST(ec == asio::error::operation_aborted);
    BOOST_TEST(!r.drained);
    ::kill(pid, SIGKILL);
}

// Faults

BOOST_AUTO_TEST_CASE(what_the_hook_throws_ends_the_pipeline) {
    const auto [ec, r] = run_all(helper({"ready"}) | cat, {.started = [](pid_t) { throw std::runtime_error("no"); }});
    BOOST_TEST((ec == errc::stage_failed));
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(whatever_call_fails_the_answer_is_clean) {
    // Every call of the gateway, its n-th time, several errnos: success or an error, nothing left, no hang.
    const auto all = cat | stage(upper) | helper({"echo"});
    const pipeline_options options{.input = "hello", .own_group = true};
    int failures = 0, runs = 0;
    for (int c = 0; c < static_cast<int>(sys::call::count_); ++c) {
        if (static_cast<sys::call>(c) == sys::call::close) continue;
        for (const int errno_value : {EINTR, EMFILE, EPERM}) {
            for (int n = 1; n <= 30; ++n) {
                int seen = 0;
                {
                    const fault injected(static_cast<sys::call>(c), errno_value, n, 1);
                    const auto [ec, r] = run_all(all, options);
                    BOOST_TEST(run_dry(io));
                    seen = injected.seen();
                    ++runs;
                    if (ec)
                        ++failures;
                    else if (r.stages[0].status.known() && r.stages[2].status.known())
                        BOOST_TEST((r.out == "HELLO" || !r.success()));
                }
                BOOST_TEST(children().empty());
                if (seen < n) break;
            }
        }
    }
    BOOST_TEST_MESSAGE(runs << " runs, " << failures << " errors");
    BOOST_TEST(failures > 20);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(pipeline_without_a_context, no_leftovers)

BOOST_AUTO_TEST_CASE(a_context_that_goes_away_takes_the_stages_along) {
    {
        asio::io_context io;
        bool seen = false;
        const auto all = helper({"ready"}) | line_watcher(seen) | cat;
        async_run(io.get_executor(), all, [](error_code, pipeline_result) { BOOST_ERROR("completed"); });
        run_until(io, [&] { return seen; });
    }
    const auto end = std::chrono::steady_clock::now() + guard;
    while (!children().empty() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
