// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "leftovers.hpp"
#include "lifetimes.hpp"

#include <parley/process/child.hpp>
#include <parley/process/init_duty.hpp>
#include <parley/process/pipeline.hpp>
#include <parley/process/popen.hpp>
#include <parley/process/process_tree.hpp>
#include <parley/process/pty.hpp>
#include <parley/process/spawn.hpp>
#include <parley/signal/signal_watcher.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <csignal>
#include <memory>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(process_test)

using namespace parley;
using namespace parley::test;

namespace {

command sleeping() {
    return {.program = "/bin/sleep",
            .arguments = {"1000"},
            .in = stdio::pipe(),
            .out = stdio::pipe(),
            .stop = stop_policy::kill()};
}

std::unique_ptr<child> started(const executor& io) { return std::make_unique<child>(spawn(io, sleeping()).value()); }

living<child> living_child(const executor& io) { return {started(io)}; }

const dead_objects<child>& dead_children() {
    static const dead_objects<child> all =
        dead_ones<child>({{"moved from", [](const executor& io) { return moved_from(started(io)); }},
                          {"detached",
                           [](const executor& io) {
                               auto c = started(io);
                               BOOST_TEST(c->send_signal(SIGKILL).has_value());
                               c->detach();
                               return c;
                           }},
                          {"released", [](const executor& io) {
                               auto c = started(io);
                               BOOST_TEST(c->send_signal(SIGKILL).has_value());
                               auto given = c->release();
                               BOOST_TEST_REQUIRE(given.has_value());
                               BOOST_TEST(::waitpid(given->pid, nullptr, 0) == given->pid);
                               return c;
                           }}});
    return all;
}

std::unique_ptr<process_tree> started_tree(const executor& io) {
    auto what = sleeping();
    what.in = what.out = stdio::null();
    return std::make_unique<process_tree>(spawn_tree(io, what, {.cgroup = cgroup_use::never}).value());
}

living<process_tree> living_tree(const executor& io) { return {started_tree(io)}; }

const dead_objects<process_tree>& dead_trees() {
    static const dead_objects<process_tree> all =
        dead_ones<process_tree>({{"moved from", [](const executor& io) { return moved_from(started_tree(io)); }}});
    return all;
}

std::unique_ptr<process_stream> opened_stream(const executor& io) {
    return std::make_unique<process_stream>(
        popen(io, "exec sleep 1000", {.mode = popen_mode::read_write, .stop = stop_policy::kill()}).value());
}

living<process_stream> living_stream(const executor& io) { return {opened_stream(io)}; }

const dead_objects<process_stream>& dead_streams() {
    static const dead_objects<process_stream> all =
        dead_ones<process_stream>({{"moved from", [](const executor& io) { return moved_from(opened_stream(io)); }}});
    return all;
}

std::unique_ptr<pty> opened_terminal(const executor& io, std::shared_ptr<void>* keep = nullptr) {
    auto made = make_pty(io).value();
    if (keep) *keep = std::make_shared<unique_fd>(std::move(made.follower));
    return std::make_unique<pty>(std::move(made.leader));
}

living<pty> living_terminal(const executor& io) {
    living<pty> live;
    live.object = opened_terminal(io, &live.keeps);
    return live;
}

/// Writes until the terminal takes no more, and goes on taking none as long as nobody reads.
void fill(int leader) {
    // Where lines are edited, a line that is too long is thrown away, which makes room again.
    termios raw{};
    BOOST_TEST(::tcgetattr(leader, &raw) == 0);
    ::cfmakeraw(&raw);
    BOOST_TEST(::tcsetattr(leader, TCSANOW, &raw) == 0);
    BOOST_TEST(::fcntl(leader, F_SETFL, O_NONBLOCK) == 0);
    const std::string much(4096, 'x');
    // The kernel moves what was written to the reader's side later, by a worker.
    pollfd writable{leader, POLLOUT, 0};
    do {
        while (::write(leader, much.data(), much.size()) > 0) {}
    } while (::poll(&writable, 1, 50) > 0);
}

const dead_objects<pty>& dead_terminals() {
    static const dead_objects<pty> all =
        moved_from_or_closed<pty>([](const executor& io) { return opened_terminal(io); });
    return all;
}

const dead_objects<init_duty>& dead_duties() {
    static const dead_objects<init_duty> all =
        moved_from_or_closed<init_duty>([](const executor& io) { return std::make_unique<init_duty>(io); });
    return all;
}

std::array<char, 8> bytes;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(process_suite, no_leftovers)

BOOST_AUTO_TEST_CASE(a_handle_without_a_child) {
    const auto& dead = dead_children();
    lifetime("child", "async_wait", dead, [](child& c, auto& call) { call.fails([&](auto h) { c.async_wait(h); }); });
    lifetime("child", "async_report", dead,
             [](child& c, auto& call) { call.fails([&](auto h) { c.async_report(h); }); });
    lifetime("child", "async_wait_change", dead,
             [](child& c, auto& call) { call.fails([&](auto h) { c.async_wait_change(h); }); });
    lifetime("child", "async_stop", dead, [](child& c, auto& call) { call.fails([&](auto h) { c.async_stop(h); }); });
    lifetime("child", "operator bool", dead, [](child& c, auto&) { BOOST_TEST(!c); });
    lifetime("child", "pid", dead, [](child& c, auto&) { BOOST_TEST(c.pid() == 0); });
    lifetime("child", "pidfd", dead, [](child& c, auto&) { BOOST_TEST(c.pidfd().fd == -1); });
    lifetime("child", "in", dead, [](child& c, auto&) { BOOST_TEST(throws([&] { c.in(); })); });
    lifetime("child", "out", dead, [](child& c, auto&) { BOOST_TEST(throws([&] { c.out(); })); });
    lifetime("child", "err", dead, [](child& c, auto&) { BOOST_TEST(throws([&] { c.err(); })); });
    lifetime("child", "terminal", dead, [](child& c, auto&) { BOOST_TEST(throws([&] { c.terminal(); })); });
    lifetime("child", "try_wait", dead, [](child& c, auto&) { BOOST_TEST(!c.try_wait()); });
    lifetime("child", "send_signal", dead,
             [](child& c, auto&) { BOOST_TEST((c.send_signal(SIGTERM).error().code() == errc::no_child)); });
    lifetime("child", "suspend", dead,
             [](child& c, auto&) { BOOST_TEST((c.suspend().error().code() == errc::no_child)); });
    lifetime("child", "resume", dead,
             [](child& c, auto&) { BOOST_TEST((c.resume().error().code() == errc::no_child)); });
    lifetime("child", "detach", dead, [](child& c, auto&) { c.detach(); });
    lifetime("child", "release", dead,
             [](child& c, auto&) { BOOST_TEST((c.release().error().code() == errc::no_child)); });
    lifetime("child", "set_stop_policy", dead, [](child& c, auto&) { c.set_stop_policy(stop_policy::kill()); });
    lifetime("child", "get_executor", dead,
             [](child& c, auto&) { BOOST_TEST(throws([&] { (void)c.get_executor(); })); });
}

BOOST_AUTO_TEST_CASE(a_child_whose_handle_goes_is_waited_for_to_its_end) {
    pending(
        "child", "async_wait", living_child, [](child& c, auto h) { c.async_wait(h); }, afterwards::goes_on);
    pending(
        "child", "async_report", living_child, [](child& c, auto h) { c.async_report(h); }, afterwards::goes_on);
    pending(
        "child", "async_wait_change", living_child, [](child& c, auto h) { c.async_wait_change(h); },
        afterwards::goes_on);
    const auto deaf = [](const executor& io) {
        return living<child>{std::make_unique<child>(
            spawn(io,
                  {.program = "/bin/sleep", .arguments = {"1000"}, .stop = {SIGWINCH, std::chrono::milliseconds(150)}})
                .value())};
    };
    pending(
        "child", "async_stop", deaf, [](child& c, auto h) { c.async_stop(h); }, afterwards::goes_on);
}

BOOST_AUTO_TEST_CASE(a_handle_without_a_tree) {
    const auto& dead = dead_trees();
    lifetime("process_tree", "async_wait", dead,
             [](process_tree& t, auto& call) { call.fails([&](auto h) { t.async_wait(h); }); });
    lifetime("process_tree", "async_wait_empty", dead,
             [](process_tree& t, auto& call) { call.fails([&](auto h) { t.async_wait_empty(h); }); });
    lifetime("process_tree", "async_stop", dead,
             [](process_tree& t, auto& call) { call.fails([&](auto h) { t.async_stop(h); }); });
    lifetime("process_tree", "async_send_signal", dead,
             [](process_tree& t, auto& call) { call.fails([&](auto h) { t.async_send_signal(SIGTERM, h); }); });
    lifetime("process_tree", "async_list", dead,
             [](process_tree& t, auto& call) { call.fails([&](auto h) { t.async_list(h); }); });
    lifetime("process_tree", "async_forward", dead, [](process_tree& t, auto& call) {
        call.fails(
            [&](auto h) { t.async_forward(signal_watcher(call.get_executor(), {SIGUSR1}), forward_to::leader, h); });
    });
    lifetime("process_tree", "operator bool", dead, [](process_tree& t, auto&) { BOOST_TEST(!t); });
    lifetime("process_tree", "leader", dead,
             [](process_tree& t, auto&) { BOOST_TEST(throws([&] { (void)t.leader(); })); });
    lifetime("process_tree", "means", dead, [](process_tree& t, auto&) { (void)t.means(); });
    lifetime("process_tree", "cgroup", dead, [](process_tree& t, auto&) { BOOST_TEST(t.cgroup() == ""); });
    lifetime("process_tree", "why_no_cgroup", dead, [](process_tree& t, auto&) { (void)t.why_no_cgroup(); });
    lifetime("process_tree", "set_stop_policy", dead,
             [](process_tree& t, auto&) { t.set_stop_policy(stop_policy::kill()); });
    lifetime("process_tree", "get_executor", dead,
             [](process_tree& t, auto&) { BOOST_TEST(throws([&] { (void)t.get_executor(); })); });
}

BOOST_AUTO_TEST_CASE(a_tree_whose_handle_goes_is_waited_for_to_its_end) {
    using tree = process_tree;
    pending(
        "process_tree", "async_wait", living_tree, [](tree& t, auto h) { t.async_wait(h); }, afterwards::goes_on);
    pending(
        "process_tree", "async_wait_empty", living_tree, [](tree& t, auto h) { t.async_wait_empty(h); },
        afterwards::goes_on);
    const auto deaf = [](const executor& io) {
        const command what{
            .program = "/bin/sleep", .arguments = {"1000"}, .stop = {SIGWINCH, std::chrono::milliseconds(150)}};
        return living<tree>{std::make_unique<tree>(spawn_tree(io, what, {.cgroup = cgroup_use::never}).value())};
    };
    pending(
        "process_tree", "async_stop", deaf, [](tree& t, auto h) { t.async_stop(h); }, afterwards::goes_on);
    pending(
        "process_tree", "async_send_signal", living_tree, [](tree& t, auto h) { t.async_send_signal(SIGCONT, h); },
        afterwards::at_once);
    pending(
        "process_tree", "async_list", living_tree, [](tree& t, auto h) { t.async_list(h); }, afterwards::at_once);
    pending(
        "process_tree", "async_forward", living_tree,
        [](tree& t, auto h) { t.async_forward(signal_watcher(t.get_executor(), {SIGUSR1}), forward_to::leader, h); },
        afterwards::goes_on);
}

BOOST_AUTO_TEST_CASE(a_process_stream_that_was_moved_from) {
    using stream = process_stream;
    const auto& dead = dead_streams();
    lifetime("process_stream", "async_read_line", dead,
             [](stream& s, auto& call) { call.fails([&](auto h) { s.async_read_line(h); }); });
    lifetime("process_stream", "async_write", dead,
             [](stream& s, auto& call) { call.fails([&](auto h) { s.async_write("x", h); }); });
    lifetime("process_stream", "async_close", dead,
             [](stream& s, auto& call) { call.fails([&](auto h) { s.async_close(h); }); });
    lifetime("process_stream", "try_read_line", dead, [](stream& s, auto&) { BOOST_TEST(!s.try_read_line()); });
    lifetime("process_stream", "close_input", dead, [](stream& s, auto&) { s.close_input(); });
    lifetime("process_stream", "operator bool", dead, [](stream& s, auto&) { BOOST_TEST(!s); });
    lifetime("process_stream", "process", dead, [](stream& s, auto&) { BOOST_TEST(throws([&] { s.process(); })); });
}

BOOST_AUTO_TEST_CASE(a_process_stream_that_goes) {
    using stream = process_stream;
    pending(
        "process_stream", "async_read_line", living_stream, [](stream& s, auto h) { s.async_read_line(h); },
        afterwards::goes_on);
    pending("process_stream", "async_write", living_stream,
            [](stream& s, auto h) { s.async_write(std::string(1 << 20, 'x'), h); });
    pending(
        "process_stream", "async_close", living_stream, [](stream& s, auto h) { s.async_close(h); },
        afterwards::goes_on);
}

BOOST_AUTO_TEST_CASE(a_terminal_that_is_closed) {
    const auto& dead = dead_terminals();
    lifetime("pty", "async_read_some", dead,
             [](pty& t, auto& call) { call.fails([&](auto h) { t.async_read_some(asio::buffer(bytes), h); }); });
    lifetime("pty", "async_write_some", dead,
             [](pty& t, auto& call) { call.fails([&](auto h) { t.async_write_some(asio::buffer(bytes), h); }); });
    lifetime("pty", "get_executor", dead,
             [](pty& t, auto& call) { BOOST_TEST((t.get_executor() == call.get_executor())); });
    lifetime("pty", "native_handle", dead, [](pty& t, auto&) { BOOST_TEST(t.native_handle() == -1); });
    lifetime("pty", "is_open", dead, [](pty& t, auto&) { BOOST_TEST(!t.is_open()); });
    lifetime("pty", "resize", dead, [](pty& t, auto&) { BOOST_TEST(t.resize({1, 2}).has_error()); });
    lifetime("pty", "size", dead, [](pty& t, auto&) { BOOST_TEST(t.size().has_error()); });
    lifetime("pty", "cancel", dead, [](pty& t, auto&) { t.cancel(); });
    lifetime("pty", "close", dead, [](pty& t, auto&) { t.close(); });
}

BOOST_AUTO_TEST_CASE(a_terminal_that_goes) {
    pending("pty", "async_read_some", living_terminal,
            [](pty& t, auto h) { t.async_read_some(asio::buffer(bytes), h); });
    pending(
        "pty", "async_write_some",
        [](const executor& io) {
            auto live = living_terminal(io);
            fill(live.object->native_handle());
            return live;
        },
        [](pty& t, auto h) { t.async_write_some(asio::buffer(bytes), h); });
}

BOOST_AUTO_TEST_CASE(a_stage_that_was_moved_from) {
    const dead_objects<coroutine_stage> dead = dead_ones<coroutine_stage>(
        {{"moved from", [](const executor&) {
              return moved_from(std::make_unique<coroutine_stage>(
                  stage("upper", [](asio::readable_pipe&, pipe_writer&) -> task<> { co_return; })));
          }}});
    lifetime("coroutine_stage", "name", dead, [](coroutine_stage& s, auto&) { (void)s.name(); });
    // It may be a copy.
    lifetime("coroutine_stage", "run", dead, [](coroutine_stage& s, auto& call) {
        asio::readable_pipe from(call.get_executor());
        pipe_writer to(call.get_executor());
        (void)throws([&] { (void)s.run(from, to); });
    });
}

BOOST_AUTO_TEST_CASE(a_duty_that_is_closed) {
    const auto& dead = dead_duties();
    lifetime("init_duty", "claim", dead, [](init_duty& d, auto&) { d.claim(1); });
    lifetime("init_duty", "disclaim", dead, [](init_duty& d, auto&) { d.disclaim(1); });
    lifetime("init_duty", "reaped", dead, [](init_duty& d, auto&) { BOOST_TEST(d.reaped() == 0u); });
    lifetime("init_duty", "close", dead, [](init_duty& d, auto&) { d.close(); });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
