// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/standard_streams.hpp>

#include "channel_tools.hpp"
#include "fault.hpp"
#include "forked.hpp"

#include <parley/message/lines.hpp>
#include <parley/message/stream_pair.hpp>
#include <parley/pipe/pipe.hpp>
#include <parley/process/pty.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdio>
#include <functional>
#include <iostream>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(standard_streams_test)

using namespace parley;
using namespace parley::test;

namespace {

// What a child ends with that has found something else than it should.
constexpr int wrong = 50;

bool blocks(int fd) { return (::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0; }

// --- in the child

void take_streams(int in, int out, int err) {
    ::dup2(in, 0), ::dup2(out, 1), ::dup2(err, 2);
    ::close_range(3, ~0u, 0);  // also those of the test, which would keep streams from ending
}

int over_standard_streams(const std::function<task<int>(any_channel&)>& body, standard_streams_options options = {}) {
    asio::io_context io;
    channel c{standard_streams(io.get_executor(), options), lines()};
    return run_task(io, body(c));
}

// Sends back every line, and says when it has seen the end.
int send_back_lines() {
    over_standard_streams([](any_channel& messages) -> task<int> {
        while (const auto line = co_await messages.async_receive()) {
            std::cout << "stray" << std::endl;  // somebody prints
            co_await messages.async_send(*line);
        }
        co_await messages.async_send("the last");
        co_await messages.async_end();
        for (;;) ::pause();  // the other side sees the end all the same
    });
    return wrong;
}

// The same without anything of its own.
int copy_lines() {
    return over_standard_streams([](any_channel& messages) -> task<int> {
        while (const auto line = co_await messages.async_receive()) co_await messages.async_send(*line);
        co_await messages.async_shutdown();
        co_return 0;
    });
}

int print_before_and_after(bool to_error) {
    std::printf("printed before\n");  // held back by stdio
    const auto body = [](any_channel& messages) -> task<int> {
        std::printf("printed after\n");
        std::fflush(stdout);
        char byte;
        if (::read(0, &byte, 1) != 0) co_return wrong;  // nobody reads what is ours
        co_await messages.async_send("sent");
        const auto line = co_await messages.async_receive();
        const bool is_ours = line == "a line";
        co_await messages.async_shutdown();
        co_return is_ours ? 0 : wrong + 1;
    };
    return over_standard_streams(body, {.print_to_error = to_error});
}

int speak_to_nobody() {
    return over_standard_streams([](any_channel& messages) -> task<int> {
        if (co_await messages.async_receive()) co_return wrong;
        co_await messages.async_send("nobody hears this");
        error_code ec;
        co_await messages.async_flush(asio::redirect_error(asio::use_awaitable, ec));
        co_return ec == asio::error::broken_pipe ? 0 : wrong + 1;
    });
}

int cancel_and_read_on() {
    asio::io_context io;
    standard_streams streams(io.get_executor());
    char block[100];
    for (const bool by_slot : {true, false}) {
        asio::cancellation_signal stop;
        ended<std::size_t> first;
        streams.async_read_some(asio::buffer(block), asio::bind_cancellation_slot(stop.slot(), first.handler()));
        run_ready(io);
        by_slot ? stop.emit(asio::cancellation_type::terminal) : streams.cancel();
        run_until(io, [&] { return first.done(); });
        if (first.ec != asio::error::operation_aborted) return wrong;
    }
    ended<std::size_t> written, read, closed, late;
    streams.async_write_some(asio::buffer("ready\n", 6), written.handler());
    streams.async_read_some(asio::buffer(block), read.handler());
    run_until(io, [&] { return written.done() && read.done(); });
    if (read.ec || std::string(block, read.value) != "a line\n") return wrong + 1;
    streams.async_read_some(asio::buffer(block), closed.handler());
    standard_streams moved(std::move(streams));  // the read follows
    moved.close();
    run_until(io, [&] { return closed.done(); });
    if (closed.ec != asio::error::operation_aborted || moved.is_open()) return wrong + 2;
    moved.async_read_some(asio::buffer(block), late.handler());
    run_until(io, [&] { return late.done(); });
    return late.ec == asio::error::bad_descriptor ? 0 : wrong + 3;
}

int leave_one_waiting() {
    const auto before = open_descriptors().size();
    {
        asio::io_context io;
        const auto wait = [](executor on) -> task<> {
            channel c{standard_streams(on), lines()};
            co_await c.async_receive();
        };
        asio::co_spawn(io, wait(io.get_executor()), [](std::exception_ptr) {});
        io.poll();
    }
    return open_descriptors().size() == before ? 0 : wrong;
}

// 0 where the streams are refused with `name`, and nothing has changed.
int refused(const std::string& name, int closed, sys::call which) {
    asio::io_context io;
    const asio::steady_timer timer(io);  // what Asio opens is there
    ::close(closed);
    const auto before = open_descriptors();
    const fault injected(which, EMFILE);
    try {
        const standard_streams streams(io.get_executor());
    } catch (const boost::system::system_error& e) {
        if (!std::string(e.what()).starts_with(name)) return wrong;
        return open_descriptors() == before ? 0 : wrong + 1;
    }
    return wrong + 2;
}

// --- here

task<> send_all(any_channel& c, std::size_t n, std::size_t step) {
    for (std::size_t i = 0; i < n; ++i) co_await c.async_send(numbered(i, i * step));
}
task<> receive_all(any_channel& c, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        const auto line = co_await c.async_receive();
        BOOST_TEST_REQUIRE(line.has_value());
        BOOST_TEST_REQUIRE(is_numbered(*line, i));
    }
}

struct streams_fixture : channel_fixture {
    unique_fd err = file_with("");

    // Lines go there and come back, more than anything holds; then the end.
    void check_lines(any_channel& c, std::size_t n = 200, std::size_t step = 97, bool ends = true) {
        run_task(io, [](any_channel& of, std::size_t many, std::size_t by) -> task<> {
            using namespace asio::experimental::awaitable_operators;
            co_await (send_all(of, many, by) && receive_all(of, many));
        }(c, n, step));
        if (!ends) return;
        done ended;
        c.async_end(ended.handler());
        BOOST_TEST(receive_from(c).is("the last"));
        BOOST_TEST(receive_from(c).is_end());
        BOOST_TEST(text_of(err.get()).starts_with("stray\nstray\n"));
    }

    // `body` in a child whose streams are pipes; the other ends as a channel.
    void with_pipes(const std::function<int()>& body, const std::function<void(any_channel&, forked&)>& check,
                    bool error_too = false) {
        auto in = make_pipe_descriptors().value(), out = make_pipe_descriptors().value();
        forked child([&] {
            take_streams(in.reader.get(), out.writer.get(), error_too ? out.writer.get() : err.get());
            return body();
        });
        in.reader.reset(), out.writer.reset();
        asio::readable_pipe from(io, out.reader.release());
        channel c(stream_pair(std::move(from), pipe_writer(ex, std::move(in.writer))), lines());
        check(c, child);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(standard_streams_suite, streams_fixture)

BOOST_AUTO_TEST_CASE(pipes_carry_lines_and_end) {
    with_pipes(send_back_lines, [&](any_channel& c, forked&) { check_lines(c); });
}

BOOST_AUTO_TEST_CASE(pipes_that_cannot_be_opened_again_carry_lines_and_end) {
    with_pipes(
        [] {
            const fault refused(sys::call::open, EACCES, 2);  // after /dev/null
            return send_back_lines();
        },
        [&](any_channel& c, forked&) { check_lines(c); });
}

BOOST_AUTO_TEST_CASE(one_socket_carries_lines_and_ends) {
    auto [ours, theirs] = make_socket_pair<local_stream>(ex).value();
    const unique_fd there = unique_fd(theirs.release());
    ::fcntl(there.get(), F_SETFL, O_RDWR);
    const forked child([&] {
        take_streams(there.get(), there.get(), err.get());
        return send_back_lines();
    });
    auto c = make(std::move(ours), {}, lines());
    check_lines(c, 200, 97, false);
    BOOST_TEST(blocks(there.get()));  // the child did not change what it shares
    done ended;
    c.async_end(ended.handler());
    BOOST_TEST(receive_from(c).is("the last"));
    BOOST_TEST(receive_from(c).is_end());
}

BOOST_AUTO_TEST_CASE(two_sockets_carry_lines_and_end) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    auto [c, d] = make_socket_pair<local_stream>(ex).value();
    unique_fd in(b.release()), out(d.release());
    const forked child([&] {
        take_streams(in.get(), out.get(), err.get());
        return send_back_lines();
    });
    in.reset(), out.reset();
    channel both(stream_pair(std::move(c), std::move(a)), lines());
    check_lines(both, 200, 97);
}

BOOST_AUTO_TEST_CASE(a_terminal_carries_lines_and_keeps_its_mode) {
    for (const bool again : {true, false}) {
        auto [leader, follower] = make_pty(ex).value();
        forked child([&, &theirs = follower] {
            take_streams(theirs.get(), theirs.get(), err.get());
            const fault refused(sys::call::open, EACCES, again ? 1000 : 2);
            return send_back_lines();
        });
        channel c(std::move(leader), lines());
        check_lines(c, 100, 30, false);
        BOOST_TEST(blocks(follower.get()));
    }
}

BOOST_AUTO_TEST_CASE(what_a_person_types_ends_with_control_d) {
    auto [leader, follower] = make_pty(ex, {.line_discipline = true}).value();
    const forked child([&, &theirs = follower] {
        take_streams(theirs.get(), theirs.get(), err.get());
        return send_back_lines();
    });
    channel c(std::move(leader), lines());
    BOOST_TEST(c.try_send("hello"));
    BOOST_TEST(receive_from(c).is("hello"));  // the echo
    BOOST_TEST(receive_from(c).is("hello"));
    BOOST_TEST(c.try_send("\x04"));
    received last;
    while (!(last = receive_from(c)).is("the last")) BOOST_TEST_REQUIRE((last.count == 1 && last.message));
}

BOOST_AUTO_TEST_CASE(files_are_read_and_written) {
    std::string all;
    for (std::size_t i = 0; i < 200; ++i) all += numbered(i, 10) + "\n";
    const auto in = file_with(all), out = file_with("");
    forked child([&] {
        take_streams(in.get(), out.get(), err.get());
        return copy_lines();
    });
    BOOST_TEST(child.wait() == 0);
    BOOST_TEST(text_of(out.get()) == all);
}

BOOST_AUTO_TEST_CASE(the_null_device_is_empty_and_takes_everything) {
    const unique_fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const auto in = file_with("anybody?\n");
    for (const int from : {null.get(), in.get()}) {
        forked child([&] {
            take_streams(from, null.get(), err.get());
            return copy_lines();
        });
        BOOST_TEST(child.wait() == 0);
    }
}

BOOST_AUTO_TEST_CASE(what_was_printed_before_comes_first_and_what_is_printed_after_goes_elsewhere) {
    for (const bool to_error : {true, false}) {
        err = file_with("");
        with_pipes([&] { return print_before_and_after(to_error); },
                   [&](any_channel& c, forked& child) {
                       BOOST_TEST(c.try_send("a line"));
                       BOOST_TEST(receive_from(c).is("printed before"));
                       BOOST_TEST(receive_from(c).is("sent"));
                       BOOST_TEST(receive_from(c).is_end());
                       BOOST_TEST(child.wait() == 0);
                   });
        BOOST_TEST(text_of(err.get()) == (to_error ? "printed after\n" : ""));
    }
}

BOOST_AUTO_TEST_CASE(what_is_printed_goes_nowhere_where_standard_error_is_the_same_pipe) {
    with_pipes(
        send_back_lines, [&](any_channel& c, forked&) { check_lines(c, 20, 10, false); }, true);
}

BOOST_AUTO_TEST_CASE(a_reader_that_is_gone_is_an_error_and_no_death) {
    with_pipes(speak_to_nobody, [](any_channel& c, forked& child) {
        c.close();
        BOOST_TEST(child.wait() == 0);
    });
}

BOOST_AUTO_TEST_CASE(a_read_that_is_cancelled_loses_nothing) {
    with_pipes(cancel_and_read_on, [&](any_channel& c, forked& child) {
        BOOST_TEST(receive_from(c).is("ready"));
        BOOST_TEST(c.try_send("a line"));
        BOOST_TEST(receive_from(c).is_end());
        BOOST_TEST(child.wait() == 0);
    });
}

BOOST_AUTO_TEST_CASE(a_context_that_is_destroyed_destroys_what_waits_for_a_line) {
    with_pipes(leave_one_waiting, [](any_channel&, forked& child) { BOOST_TEST(child.wait() == 0); });
}

BOOST_AUTO_TEST_CASE(streams_that_are_closed_or_lead_the_wrong_way_are_refused_and_nothing_changes) {
    const auto pipe = make_pipe_descriptors().value();
    const int reader = pipe.reader.get(), writer = pipe.writer.get(), none = -1;
    const auto check = [&](int in, int out, const std::string& name, sys::call which = sys::call::count_) {
        forked child([&] {
            take_streams(in, out, err.get());
            return refused(name, in == none ? 0 : out == none ? 1 : none, which);
        });
        BOOST_TEST(child.wait() == 0, name);
    };
    check(none, writer, "standard input");
    check(reader, none, "standard output");
    check(writer, writer, "standard input");
    check(reader, reader, "standard output");
    check(reader, writer, "open /dev/null", sys::call::open);
    const auto file = file_with("");
    check(file.get(), file.get(), "standard input", sys::call::dup);
    check(file.get(), file.get(), "standard input", sys::call::epoll_create);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
