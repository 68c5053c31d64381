// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Coroutines as stages of a pipeline.

#include <parley/process/pipeline.hpp>

#include "pipeline_tools.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <sstream>
#include <stdexcept>
#include <string>

#include <fcntl.h>

BOOST_AUTO_TEST_SUITE(pipeline_coroutine_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

const command cat{.program = "/bin/cat"};

task<void> says_hello(asio::readable_pipe& from, pipe_writer& to) {
    BOOST_TEST((co_await read_some(from)).empty());  // nothing comes before the first
    const std::string hello = "hello\n";
    co_await asio::async_write(to, asio::buffer(hello), asio::use_awaitable);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(pipeline_coroutine_suite, pipeline_fixture)

BOOST_AUTO_TEST_CASE(a_coroutine_can_stand_in_the_middle) {
    const auto [ec, r] = run_all(shell("echo words") | upper | cat);
    BOOST_TEST(!ec);
    BOOST_TEST(r.out == "WORDS\n");
    BOOST_TEST(r.success());
    BOOST_TEST(r.stages[1].status == exit_status::exited(0));
    BOOST_TEST(r.stages[1].report.program == "coroutine");
}

BOOST_AUTO_TEST_CASE(a_coroutine_can_be_the_first) {
    const auto [ec, r] = run_all(says_hello | cat);
    BOOST_TEST(!ec);
    BOOST_TEST(r.out == "hello\n");
    BOOST_TEST(std::get<1>(run_all(upper | cat, {.input = "input"})).out == "INPUT");
}

BOOST_AUTO_TEST_CASE(a_coroutine_can_be_the_last) {
    const auto [ec, r] = run_all(shell("echo words") | upper);
    BOOST_TEST(!ec);
    BOOST_TEST(r.out == "WORDS\n");
    BOOST_TEST(r.drained);
}

BOOST_AUTO_TEST_CASE(coroutines_can_stand_beside_each_other_and_alone) {
    const std::string input(1 << 20, 'x'), output(1 << 20, 'X');
    auto [ec, r] = run_all(stage(upper) | upper | stage("last", upper), {.input = input});
    BOOST_TEST(!ec);
    BOOST_TEST((r.out == output));
    std::tie(ec, r) = run_all(pipeline(upper), {.input = input});
    BOOST_TEST((r.out == output));
    std::tie(ec, r) = run_all(cat | stage(upper) | upper | cat, {.input = input});
    BOOST_TEST((r.out == output));
}

BOOST_AUTO_TEST_CASE(a_lambda_that_captures_lives_as_long_as_it_is_needed) {
    pipeline all = cat;
    {
        const std::string prefix(100, '>');
        all |= stage([prefix](asio::readable_pipe& from, pipe_writer& to) -> task<void> {
            co_await asio::async_write(to, asio::buffer(prefix), asio::use_awaitable);
            co_await upper(from, to);
        });
    }
    bool done = false;
    {
        const auto copy = std::move(all);
        const pipeline_options options{.input = "x"};
        async_run(ex, copy, options, [&](error_code ec, pipeline_result r) {
            BOOST_TEST(!ec);
            BOOST_TEST(r.out == std::string(100, '>') + "X");
            done = true;
        });
    }
    run_until(io, [&] { return done; });
}

BOOST_AUTO_TEST_CASE(the_ends_of_a_coroutine_do_not_block_and_those_of_its_neighbours_do) {
    int from_flags = -1, to_flags = -1;
    const auto looks = [&](asio::readable_pipe& from, pipe_writer& to) -> task<void> {
        const auto text = co_await read_some(from);
        from_flags = ::fcntl(from.native_handle(), F_GETFL);
        to_flags = ::fcntl(to.native_handle(), F_GETFL);
        co_await asio::async_write(to, asio::buffer(text), asio::use_awaitable);
    };
    const auto says_flags = [](const std::string& number) {
        return shell("grep flags: /proc/$$/fdinfo/" + number + "; cat");
    };
    const auto [ec, r] = run_all(says_flags("1") | stage(looks) | says_flags("0"));
    BOOST_TEST(!ec);
    BOOST_TEST((from_flags & O_NONBLOCK) != 0);
    BOOST_TEST((to_flags & O_NONBLOCK) != 0);
    std::istringstream in(r.out);
    int modes = 0;
    std::string word;
    for (int mode = 0; in >> word >> std::oct >> mode; ++modes) BOOST_TEST((mode & O_NONBLOCK) == 0);
    BOOST_TEST(modes == 2);
}

BOOST_AUTO_TEST_CASE(a_coroutine_may_end_early_and_its_writer_dies_of_sigpipe) {
    const auto first_line = [](asio::readable_pipe& from, pipe_writer& to) -> task<void> {
        const auto block = co_await read_some(from);
        co_await asio::async_write(to, asio::buffer(block.substr(0, 2)), asio::use_awaitable);
    };
    const auto [ec, r] = run_all(command{.program = "/usr/bin/yes"} | stage(first_line) | cat);
    BOOST_TEST(!ec);
    BOOST_TEST(r.out == "y\n");
    BOOST_TEST(r.stages[0].status == exit_status::signalled(SIGPIPE));
    BOOST_TEST(r.stages[1].status.success());
}

BOOST_AUTO_TEST_CASE(a_coroutine_may_close_an_end_before_it_ends) {
    bool closed = false;
    const auto closes = [&](asio::readable_pipe& from, pipe_writer& to) -> task<void> {
        to.close();
        closed = true;
        while (!(co_await read_some(from)).empty()) {}
    };
    const auto [ec, r] = run_all(cat | stage(closes) | shell("cat; echo end"), {.input = std::string(1 << 20, 'x')});
    BOOST_TEST(!ec);
    BOOST_TEST(closed);
    BOOST_TEST(r.out == "end\n");
    BOOST_TEST(r.success());
}

BOOST_AUTO_TEST_CASE(a_coroutine_that_finds_no_reader_counts_as_killed_by_sigpipe) {
    const auto all = stage("endless", endless) | command{.program = "/usr/bin/head", .arguments = {"-n", "1"}};
    auto [ec, r] = run_all(all);
    BOOST_TEST(!ec);
    BOOST_TEST(r.out == "y\n");
    BOOST_TEST(r.stages[0].status == exit_status::signalled(SIGPIPE));
    BOOST_TEST(r.stages[0].report.status == r.stages[0].status);
    BOOST_TEST(!r.success());
    std::tie(ec, r) = run_all(all, {.forgive_sigpipe = true});
    BOOST_TEST(r.success());
}

BOOST_AUTO_TEST_CASE(a_broken_pipe_of_something_else_is_a_failure) {
    const auto breaks = [](asio::readable_pipe&, pipe_writer&) -> task<void> {
        throw boost::system::system_error(asio::error::broken_pipe);
        co_return;
    };
    const auto [ec, r] = run_all(stage(breaks) | helper({"ready"}));
    BOOST_TEST(ec == asio::error::broken_pipe);
    BOOST_TEST(!r.stages[0].status.known());
}

BOOST_AUTO_TEST_CASE(an_exception_ends_the_whole_and_is_in_the_result) {
    const auto throws = [](asio::readable_pipe& from, pipe_writer&) -> task<void> {
        (void)co_await read_some(from);
        throw std::runtime_error("line 1 is no number");
    };
    const auto [ec, r] = run_all(helper({"ready"}) | stage("parse", throws) | helper({"ready"}));
    BOOST_TEST((ec == errc::stage_failed));
    BOOST_TEST(children().empty());
    BOOST_TEST(r.stages[0].status == exit_status::signalled(SIGTERM));
    BOOST_TEST(r.stages[2].status == exit_status::signalled(SIGTERM));
    const auto& failed = r.stages[1];
    BOOST_TEST(!failed.status.known());
    BOOST_TEST(failed.failure.context() == "stage 2: parse: line 1 is no number");
    BOOST_TEST((failed.failure.code() == errc::stage_failed));
    BOOST_REQUIRE(failed.exception);
    BOOST_CHECK_THROW(std::rethrow_exception(failed.exception), std::runtime_error);
    BOOST_TEST(!r.success());
    BOOST_TEST((r.stages[0].failure == error()));
}

BOOST_AUTO_TEST_CASE(a_system_error_gives_the_call_its_code) {
    const auto throws = [](asio::readable_pipe&, pipe_writer&) -> task<void> {
        throw boost::system::system_error(asio::error::host_not_found, "upload");
        co_return;
    };
    const auto [ec, r] = run_all(helper({"ready"}) | stage(throws));
    BOOST_TEST(ec == asio::error::host_not_found);
    BOOST_TEST(r.stages[1].failure.message().find("stage 2: coroutine: ") == 0u);
    BOOST_TEST((r.stages[1].exception != nullptr));
}

BOOST_AUTO_TEST_CASE(what_throws_before_it_is_a_coroutine_is_reported_as_well) {
    const auto throws = [](asio::readable_pipe&, pipe_writer&) -> task<void> { throw 42; };
    const auto [ec, r] = run_all(stage(throws) | helper({"ready"}));
    BOOST_TEST((ec == errc::stage_failed));
    BOOST_CHECK_THROW(std::rethrow_exception(r.stages[0].exception), int);
}

BOOST_AUTO_TEST_CASE(co_await_throws_the_code) {
    const auto throws = [](asio::readable_pipe&, pipe_writer&) -> task<void> { throw std::logic_error("x"); };
    const auto all = cat | stage(throws);
    const auto run_it = [](executor on, const pipeline& p) -> task<void> { co_await async_run(on, p); };
    BOOST_CHECK_EXCEPTION(run_task(io, run_it(ex, all)), boost::system::system_error,
                          [](const auto& e) { return e.code() == errc::stage_failed; });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
