// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/pty.hpp>

#include "process_tools.hpp"

#include <parley/core/timeout.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <string>
#include <utility>

#include <termios.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(pty_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

command on_terminal(command c, pty_options options = {}) {
    c.in = c.out = c.err = stdio::pty();
    c.terminal = options;
    return c;
}

// Everything up to the hang-up.
task<std::string> screen_of(pty& terminal, std::string text = {}) {
    error_code ec;
    char block[512];
    for (;;) {
        const auto n =
            co_await terminal.async_read_some(asio::buffer(block), asio::redirect_error(asio::use_awaitable, ec));
        text.append(block, n);
        if (ec) break;
    }
    BOOST_TEST(ec == asio::error::eof, ec.message());
    co_return text;
}

// The next line; `rest` keeps what came with it.
task<std::string> line_of(pty& terminal, std::string& rest) {
    const auto n = co_await asio::async_read_until(terminal, asio::dynamic_buffer(rest), '\n', asio::use_awaitable);
    const std::string line = rest.substr(0, n);
    rest.erase(0, n);
    co_return line;
}

task<> type(pty& terminal, std::string text) {
    co_await asio::async_write(terminal, asio::buffer(text), asio::use_awaitable);
}

struct context : process_fixture {
    std::string rest;  // read and not yet looked at

    std::string line(child& c) { return run_task(io, line_of(c.terminal(), rest)); }
    std::string screen(child& c) { return run_task(io, screen_of(c.terminal(), std::exchange(rest, {}))); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(pty_suite, context)

BOOST_AUTO_TEST_CASE(a_child_sees_one_terminal_on_all_its_streams) {
    auto c =
        start(on_terminal(shell("test -t 0 && test -t 1 && test -t 2 && test $(tty) = $(readlink /proc/self/fd/2) "
                                "&& echo yes > /dev/tty")));
    BOOST_TEST(screen(c) == "yes\n");
    BOOST_TEST(end_of(c) == exit_status::exited(0));
}

BOOST_AUTO_TEST_CASE(the_terminal_is_the_controlling_one_of_a_session_of_the_childs_own) {
    auto c = start(on_terminal(shell("cut -d' ' -f 1,6,8 /proc/$$/stat")));
    const auto pid = std::to_string(c.pid());
    BOOST_TEST(screen(c) == pid + " " + pid + " " + pid + "\n");
    end_of(c);
}

BOOST_AUTO_TEST_CASE(bytes_pass_unchanged_in_both_directions) {
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    auto c = start(on_terminal(shell("head -c 256")));
    run_task(io, type(c.terminal(), all));
    BOOST_TEST(screen(c) == all);
    BOOST_TEST(end_of(c).success());
}

BOOST_AUTO_TEST_CASE(with_a_line_discipline_it_is_a_terminal_for_people) {
    auto c = start(on_terminal(shell("echo ready; read line; echo \"<$line>\""), {.line_discipline = true}));
    BOOST_TEST(line(c) == "ready\r\n");
    run_task(io, type(c.terminal(), "abx\177c\n"));  // an x and a rub-out
    BOOST_TEST(screen(c) == "abx\b \bc\r\n<abc>\r\n");
    end_of(c);
}

BOOST_AUTO_TEST_CASE(erase_takes_a_whole_character) {
    const std::string hex = "od -An -tx1";
    for (const std::string typed : {"a\u00e4\177\n", "a\u20ac\u00e4\177\177\n", "a\U0001f600\177\n"}) {
        auto c = start(on_terminal(shell("stty -echo; echo ready; head -n 1 | " + hex), {.line_discipline = true}));
        BOOST_TEST(line(c) == "ready\r\n");
        run_task(io, type(c.terminal(), typed));
        BOOST_TEST(screen(c) == " 61 0a\r\n");
        end_of(c);
    }
}

BOOST_AUTO_TEST_CASE(a_program_that_turns_the_line_discipline_on_edits_whole_characters) {
    auto c = start(on_terminal(shell("stty icanon; echo ready; head -n 1 | od -An -tx1")));
    BOOST_TEST(line(c) == "ready\n");
    run_task(io, type(c.terminal(), "a\u00e4\177\n"));
    BOOST_TEST(screen(c) == " 61 0a\n");
    end_of(c);
}

BOOST_AUTO_TEST_CASE(a_pair_without_a_child_erases_whole_characters) {
    for (const bool with : {false, true}) {
        auto pair = make_pty(ex, {.line_discipline = with}).value();
        termios modes{};
        BOOST_TEST_REQUIRE(::tcgetattr(pair.follower.get(), &modes) == 0);
        BOOST_TEST((modes.c_iflag & IUTF8) != 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_control_character_becomes_a_signal) {
    auto c = start(on_terminal(helper({"ready"}), {.line_discipline = true}));
    BOOST_TEST(line(c) == "ready\r\n");
    run_task(io, type(c.terminal(), "\003"));
    BOOST_TEST(end_of(c) == exit_status::signalled(SIGINT));
}

BOOST_AUTO_TEST_CASE(the_window_has_the_size_it_was_given_and_may_change) {
    auto c =
        start(on_terminal(shell("stty size; trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.01; done"),
                          {.size = {50, 132}}));
    BOOST_TEST(line(c) == "50 132\n");
    BOOST_TEST(line(c) == "ready\n");
    BOOST_TEST(c.terminal().resize({10, 20}).has_value());
    BOOST_TEST(line(c) == "10 20\n");
    BOOST_TEST((c.terminal().size().value() == window_size{10, 20}));
    end_of(c);
}

BOOST_AUTO_TEST_CASE(a_window_size_prints) { BOOST_TEST(to_string(window_size{50, 132}) == "50 x 132"); }

BOOST_AUTO_TEST_CASE(a_hang_up_ends_the_child) {
    auto c = start(on_terminal(helper({"ready"})));
    BOOST_TEST(line(c) == "ready\n");
    c.terminal().close();
    c.terminal().close();
    BOOST_TEST(end_of(c) == exit_status::signalled(SIGHUP));
}

BOOST_AUTO_TEST_CASE(nothing_is_lost_when_the_child_ends_at_once) {
    auto c = start(on_terminal(shell("printf '%1000s' x")));
    end_of(c);
    BOOST_TEST(screen(c).size() == 1000u);
}

BOOST_AUTO_TEST_CASE(a_cancelled_read_loses_nothing) {
    auto c = start(on_terminal(shell("read x; echo late")));
    run_task(io, [](pty& terminal) -> task<> {
        char block[16];
        auto [ec, n] = co_await with_timeout(terminal.async_read_some(asio::buffer(block)), 5ms,
                                             asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(ec == asio::error::timed_out);
        BOOST_TEST(n == 0u);
        co_await type(terminal, "\n");
        BOOST_TEST(co_await screen_of(terminal) == "late\n");
    }(c.terminal()));
    end_of(c);
}

BOOST_AUTO_TEST_CASE(a_child_without_a_terminal_has_none) {
    auto c = start(helper({"exit", "0"}));
    BOOST_CHECK_THROW(c.terminal(), boost::system::system_error);
    end_of(c);
}

BOOST_AUTO_TEST_CASE(a_pair_can_be_made_for_a_child_of_somebody_else) {
    auto pair = make_pty(ex, {.size = {3, 4}}).value();
    auto c = shell("stty size");
    c.in = stdio::descriptor(pair.follower.get());
    c.out = stdio::descriptor(pair.follower.get());
    auto started = start(c);
    pair.follower.reset();
    BOOST_TEST(run_task(io, screen_of(pair.leader)) == "3 4\n");
    end_of(started);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
