// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/popen.hpp>

#include "process_tools.hpp"
#include "temporary_directory.hpp"

#include <parley/core/timeout.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <fstream>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(popen_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

struct context : process_fixture {
    process_stream open(std::string_view line, popen_options options = {}) { return popen(ex, line, options).value(); }
};

task<std::vector<std::string>> all_lines(process_stream& s) {
    std::vector<std::string> lines;
    while (auto line = co_await s.async_read_line()) lines.push_back(*line);
    co_return lines;
}

task<exit_status> close(process_stream& s) { co_return co_await s.async_close(); }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(popen_suite, context)

BOOST_AUTO_TEST_CASE(lines_come_one_by_one_and_then_the_status) {
    auto s = open("echo one; echo; echo three; exit 3");
    const std::vector<std::string> expected{"one", "", "three"};
    BOOST_TEST(run_task(io, all_lines(s)) == expected, boost::test_tools::per_element());
    BOOST_TEST(run_task(io, close(s)) == exit_status::exited(3));
}

BOOST_AUTO_TEST_CASE(a_last_line_without_newline_counts) {
    auto s = open("printf 'a\\nb'");
    const std::vector<std::string> expected{"a", "b"};
    BOOST_TEST(run_task(io, all_lines(s)) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_shell_expands_as_a_shell_does) {
    temporary_directory place;
    std::ofstream(place / "a.txt");
    std::ofstream(place / "b.txt");
    auto s = open("cd " + place.path() + " && ls *");
    const std::vector<std::string> expected{"a.txt", "b.txt"};
    BOOST_TEST(run_task(io, all_lines(s)) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_line_that_begins_with_a_dash_is_no_option) {
    auto s = open("-c 2>/dev/null");
    BOOST_TEST(run_task(io, close(s)) == exit_status::exited(127));
}

BOOST_AUTO_TEST_CASE(a_long_line_is_an_error_and_not_memory) {
    auto s = open("head -c 100000 /dev/zero | tr '\\0' x; echo; echo next", {.line_limit = 1000});
    for (int i = 0; i < 2; ++i)
        run_task(io, [](process_stream& p) -> task<> {
            auto [ec, line] = co_await p.async_read_line(asio::as_tuple(asio::use_awaitable));
            BOOST_TEST((ec == errc::limit_exceeded));
        }(s));
}

BOOST_AUTO_TEST_CASE(the_largest_limit_is_none) {
    auto s = open("echo hello; printf there", {.line_limit = std::numeric_limits<std::size_t>::max()});
    BOOST_TEST(run_task(io, [](process_stream& from) -> task<std::string> {
                   const auto first = co_await from.async_read_line();
                   const auto second = co_await from.async_read_line();
                   co_return first.value_or("-") + " " + second.value_or("-");
               }(s)) == "hello there");
}

BOOST_AUTO_TEST_CASE(a_line_of_exactly_the_limit_is_accepted) {
    auto s = open("printf '12345\\n'; printf 67890", {.line_limit = 5});
    const std::vector<std::string> expected{"12345", "67890"};
    BOOST_TEST(run_task(io, all_lines(s)) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(received_lines_can_be_had_at_once) {
    auto s = open("printf 'a\\nb\\nc'");
    run_task(io, [](process_stream& p) -> task<> {
        BOOST_TEST((co_await p.async_read_line()).value() == "a");
        BOOST_TEST(p.try_read_line().value() == "b");
        BOOST_TEST(!p.try_read_line().has_value());  // "c" has no newline and may go on
        BOOST_TEST((co_await p.async_read_line()).value() == "c");
    }(s));
}

BOOST_AUTO_TEST_CASE(a_cancelled_read_loses_no_byte) {
    auto s = open("printf par; read x; echo tial", {.mode = popen_mode::read_write});
    run_task(io, [](process_stream& p) -> task<> {
        auto [ec, line] = co_await with_timeout(p.async_read_line(), 30ms, asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(ec == asio::error::timed_out);
        co_await p.async_write("go\n");
        BOOST_TEST((co_await p.async_read_line()).value() == "partial");
    }(s));
}

BOOST_AUTO_TEST_CASE(writing_works_and_half_close_is_the_end_of_input) {
    temporary_directory place;
    auto s = open("cat > " + place / "out", {.mode = popen_mode::write});
    run_task(io, [](process_stream& p) -> task<> {
        BOOST_TEST(co_await p.async_write("hello ") == 6u);
        BOOST_TEST(co_await p.async_write("world\n") == 6u);
        p.close_input();
        BOOST_TEST((co_await p.async_close()).success());
    }(s));
    std::ifstream in(place / "out");
    std::string line;
    std::getline(in, line);
    BOOST_TEST(line == "hello world");
}

BOOST_AUTO_TEST_CASE(both_directions_at_once) {
    auto s = open("tr a-z A-Z", {.mode = popen_mode::read_write});
    run_task(io, [](process_stream& p) -> task<> {
        co_await p.async_write("shout\n");
        p.close_input();
        BOOST_TEST((co_await p.async_read_line()).value() == "SHOUT");
        BOOST_TEST(!(co_await p.async_read_line()).has_value());
        BOOST_TEST((co_await p.async_close()).success());
    }(s));
}

BOOST_AUTO_TEST_CASE(a_command_that_does_not_read_is_a_broken_pipe_and_no_sigpipe) {
    auto s = open("exec 0</dev/null; exit 0", {.mode = popen_mode::write});
    run_task(io, [](process_stream& p) -> task<> {
        co_await p.process().async_wait();
        auto [ec, n] = co_await p.async_write(std::string(1 << 20, 'x'), asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(ec == asio::error::broken_pipe);
    }(s));
}

BOOST_AUTO_TEST_CASE(error_output_can_be_merged) {
    auto s = open("echo oops >&2", {.merge_stderr = true});
    const std::vector<std::string> expected{"oops"};
    BOOST_TEST(run_task(io, all_lines(s)) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_wrong_direction_is_an_error) {
    auto reading = open("true");
    auto writing = open("cat > /dev/null", {.mode = popen_mode::write});
    run_task(io, [](process_stream& r, process_stream& w) -> task<> {
        auto [write_ec, n] = co_await r.async_write("x", asio::as_tuple(asio::use_awaitable));
        BOOST_TEST((write_ec == errc::not_piped));
        auto [read_ec, line] = co_await w.async_read_line(asio::as_tuple(asio::use_awaitable));
        BOOST_TEST((read_ec == errc::not_piped));
    }(reading, writing));
}

BOOST_AUTO_TEST_CASE(closing_early_ends_a_command_that_still_writes) {
    auto s = open("exec yes");
    run_task(io, [](process_stream& p) -> task<> {
        BOOST_TEST((co_await p.async_read_line()).value() == "y");
        BOOST_TEST(co_await p.async_close() == exit_status::signalled(SIGPIPE));
    }(s));
}

BOOST_AUTO_TEST_CASE(leaving_scope_stops_the_command_and_aborts_the_read) {
    error_code told;
    {
        auto s = open("exec sleep 1000");
        s.async_read_line([&](error_code ec, std::optional<std::string>) { told = ec; });
        run_ready(io);
    }
    BOOST_TEST(run_dry(io));
    BOOST_TEST(told == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(a_nul_byte_in_the_line_is_refused) {
    BOOST_TEST((popen(ex, std::string_view("a\0b", 3)).error().code() == errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(one_that_holds_no_command_gives_errors) {
    auto moved = open("exit 3", {.mode = popen_mode::read_write});
    auto holds = std::move(moved);
    process_stream made;
    for (auto* s : {&moved, &made}) {  // NOLINT(bugprone-use-after-move)
        BOOST_TEST(!static_cast<bool>(*s));
        BOOST_TEST(!s->try_read_line());
        s->close_input();
        BOOST_CHECK_THROW(s->process(), boost::system::system_error);
        run_task(io, [](process_stream& none) -> task<> {
            const auto [read, line] = co_await none.async_read_line(asio::as_tuple(asio::use_awaitable));
            BOOST_TEST((read == errc::no_child));
            const auto [written, n] = co_await none.async_write("x", asio::as_tuple(asio::use_awaitable));
            BOOST_TEST((written == errc::no_child));
            const auto [closed, status] = co_await none.async_close(asio::as_tuple(asio::use_awaitable));
            BOOST_TEST((closed == errc::no_child));
        }(*s));
    }
    made = std::move(holds);
    BOOST_TEST(run_task(io, close(made)) == exit_status::exited(3));
}

BOOST_AUTO_TEST_CASE(a_stream_that_goes_between_two_writes_aborts_what_is_left) {
    // After any number of steps of the loop, among them those when a part is written and the next not begun.
    for (int steps = 0; steps < 12; ++steps) {
        auto s = std::make_unique<process_stream>(open("head -c 200000 > /dev/null; exec sleep 1000",
                                                       {.mode = popen_mode::read_write, .stop = stop_policy::kill()}));
        std::optional<error_code> written, read, closed;
        s->async_write(std::string(4 << 20, 'x'), [&](error_code ec, std::size_t n) {
            written = ec;
            BOOST_TEST(n < 4u << 20);
        });
        s->async_read_line([&](error_code ec, const std::optional<std::string>&) { read = ec; });
        auto later = s->async_write("y");
        auto close_later = s->async_close();
        io.restart();
        for (int i = 0; i < steps; ++i) io.run_one_for(5ms);
        s.reset();
        std::move(later)([&](error_code ec, std::size_t) { BOOST_TEST((ec == asio::error::operation_aborted)); });
        std::move(close_later)([&](error_code ec, exit_status) { closed = ec; });
        BOOST_TEST(run_dry(io));
        BOOST_TEST_REQUIRE(written.has_value());
        BOOST_TEST((*written == asio::error::operation_aborted || *written == asio::error::broken_pipe));
        BOOST_TEST((read == asio::error::operation_aborted));
        BOOST_TEST((closed == errc::no_child));
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
