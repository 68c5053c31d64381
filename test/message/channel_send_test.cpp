// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "channel_tools.hpp"

#include <parley/message/lines.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>

#include <sys/socket.h>

BOOST_AUTO_TEST_SUITE(channel_send_test)

using namespace parley;
using namespace parley::test;

BOOST_FIXTURE_TEST_SUITE(channel_send_suite, channel_fixture)

BOOST_AUTO_TEST_CASE(small_messages_leave_together) {
    auto [here, there] = make_channels();
    for (int i = 0; i < 100; ++i) BOOST_TEST(here.try_send("small"));
    BOOST_TEST(here.counters().queued_messages == 100u);
    BOOST_TEST(here.counters().queued_bytes == 1300u);
    BOOST_TEST(here.counters().writes == 0u);
    run_ready(io);
    BOOST_TEST(here.counters().writes == 1u);
    BOOST_TEST(here.counters().messages_sent == 100u);
    BOOST_TEST(here.counters().bytes_sent == 1300u);
    BOOST_TEST(here.counters().queued_messages == 0u);
}

BOOST_AUTO_TEST_CASE(what_has_gathered_leaves_before_a_receive_waits) {
    auto [here, there] = make_channels();
    BOOST_TEST(here.try_send("question"));
    received answer;
    here.async_receive(answer.handler());
    BOOST_TEST(here.counters().writes == 1u);  // the loop has not run yet
    BOOST_TEST(receive_from(there).is("question"));
    BOOST_TEST(there.try_send("answer"));
    run_until(io, [&] { return answer.count == 1; });
    BOOST_TEST(answer.is("answer"));
}

BOOST_AUTO_TEST_CASE(what_has_gathered_to_the_limit_leaves_at_once) {
    auto [here, there] = make_channels({.gather_bytes = 100});
    for (int i = 0; i < 9; ++i) BOOST_TEST(here.try_send("12"));
    BOOST_TEST(here.counters().writes == 0u);
    BOOST_TEST(here.try_send("12"));
    BOOST_TEST(here.counters().writes == 1u);
}

BOOST_AUTO_TEST_CASE(what_a_coroutine_sends_one_after_the_other_leaves_together) {
    auto [here, there] = make_channels();
    run_task(io, [](any_channel& to) -> task<> {
        for (int i = 0; i < 1000; ++i) co_await to.async_send("small");
    }(here));
    run_ready(io);
    BOOST_TEST(here.counters().messages_sent == 1000u);
    BOOST_TEST(here.counters().writes < 100u);
}

BOOST_AUTO_TEST_CASE(answers_to_questions_that_came_together_leave_together) {
    auto [here, there] = make_channels();
    for (int i = 0; i < 1000; ++i) BOOST_TEST_REQUIRE(here.try_send("question"));
    done end;
    here.async_end(end.handler());
    run_task(io, [](any_channel& c) -> task<> {
        while (const auto question = co_await c.async_receive()) co_await c.async_send(*question);
    }(there));
    run_ready(io);
    BOOST_TEST(there.counters().messages_sent == 1000u);
    BOOST_TEST(there.counters().writes < 200u);
}

BOOST_AUTO_TEST_CASE(a_message_does_not_wait_for_those_that_come_without_end) {
    auto [here, there] = make_channels();
    done sent;
    here.async_send("the only one", sent.handler());
    int turns = 0;
    const std::function<void()> turn = [&] {  // a loop that is never quiet
        if (++turns < 1000 && here.counters().writes == 0) asio::post(io, turn);
    };
    asio::post(io, turn);
    run_until(io, [&] { return here.counters().writes == 1; });
    BOOST_TEST(turns < 10);

    turns = 0;
    const std::function<void()> send = [&] {
        BOOST_TEST_REQUIRE(here.try_send("another"));
        if (++turns < 1000 && here.counters().writes == 1) asio::post(io, send);
    };
    asio::post(io, send);
    run_until(io, [&] { return here.counters().writes == 2; });
    BOOST_TEST(turns < 100);
}

BOOST_AUTO_TEST_CASE(a_flush_writes_at_once_and_completes_when_all_before_it_is_written) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    make_small(a);
    auto here = make(std::move(a));
    auto there = make(std::move(b));
    BOOST_TEST(here.try_send("now"));
    done first, second, cancelled;
    here.async_flush(first.handler());
    BOOST_TEST(here.counters().writes == 1u);
    BOOST_TEST(receive_from(there).is("now"));
    run_until(io, [&] { return first.count == 1; });
    BOOST_TEST(!first.ec);
    std::size_t n = 0;
    while (here.counters().queued_bytes < 10'000) {
        BOOST_TEST_REQUIRE(here.try_send(numbered(n++, 100)));
        run_ready(io);
    }
    here.async_flush(second.handler());
    asio::cancellation_signal stop;
    here.async_flush(asio::bind_cancellation_slot(stop.slot(), cancelled.handler()));
    const std::size_t before = n;
    while (n < before + 100) BOOST_TEST_REQUIRE(here.try_send(numbered(n++, 100)));
    run_ready(io);
    stop.emit(asio::cancellation_type::terminal);
    run_until(io, [&] { return cancelled.count == 1; });
    BOOST_TEST(cancelled.ec == asio::error::operation_aborted);
    BOOST_TEST(here.is_open());
    BOOST_TEST(second.count == 0);
    std::size_t got = 0, got_at_flush = 0;
    while (got < n) {
        BOOST_TEST_REQUIRE(receive_from(there).is(numbered(got, 100)));
        ++got;
        if (second.count == 1 && got_at_flush == 0) got_at_flush = got;
    }
    run_until(io, [&] { return second.count == 1; });
    BOOST_TEST(!second.ec);
    BOOST_TEST(got_at_flush < n);
    here.close();
    done closed;
    here.async_flush(closed.handler());
    run_until(io, [&] { return closed.count == 1; });
    BOOST_TEST(closed.ec == asio::error::bad_descriptor);
}

BOOST_AUTO_TEST_CASE(a_cancelled_send_that_waits_was_not_sent) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    make_small(a);
    auto here = make(std::move(a), {.queue_bytes = 100});
    auto there = make(std::move(b));
    const std::size_t n = fill(here);
    asio::cancellation_signal stop;
    done cancelled, next;
    const auto taken_back = numbered(999, 50);
    here.async_send(taken_back, asio::bind_cancellation_slot(stop.slot(), cancelled.handler()));
    const auto waiting = numbered(n, 50);
    here.async_send(waiting, next.handler());
    run_ready(io);
    stop.emit(asio::cancellation_type::partial);
    run_until(io, [&] { return cancelled.count == 1; });
    BOOST_TEST(cancelled.ec == asio::error::operation_aborted);
    BOOST_TEST(here.is_open());
    check_numbered_until_end(io, here, there, n + 1);
}

// F5
BOOST_AUTO_TEST_CASE(a_send_that_is_cancelled_within_its_message_closes_the_channel) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    make_small(a);
    auto here = make(std::move(a));
    auto there = make(std::move(b));
    const std::string large(1 << 20, 'x');
    asio::cancellation_signal stop;
    done cancelled, behind;
    here.async_send(large, asio::bind_cancellation_slot(stop.slot(), cancelled.handler()));
    here.async_send("behind it", behind.handler());
    run_ready(io);
    BOOST_TEST(cancelled.count == 0);
    stop.emit(asio::cancellation_type::total);
    run_until(io, [&] { return cancelled.count == 1 && behind.count == 1; });
    BOOST_TEST(cancelled.ec == asio::error::operation_aborted);
    BOOST_TEST(behind.ec == asio::error::operation_aborted);
    BOOST_TEST(!here.is_open());
    BOOST_TEST(here.failure().code() == asio::error::operation_aborted);
    BOOST_TEST(here.failure().context().starts_with("message 1: the send was cancelled when "));
    BOOST_TEST(here.failure().context().ends_with(" of 1048584 bytes had left"));
    BOOST_TEST(send_to(here, "x") == asio::error::bad_descriptor);
    BOOST_TEST(receive_from(here).ec == asio::error::bad_descriptor);
    BOOST_TEST(receive_from(there).ec == make_error_code(errc::truncated_frame));
}

BOOST_AUTO_TEST_CASE(a_channel_says_of_a_large_send_that_cancel_has_ended_that_it_was) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    make_small(a);
    auto here = make(std::move(a));
    BOOST_TEST(here.try_send("before"));
    const std::string large(1 << 20, 'x');
    done cancelled;
    here.async_send(large, cancelled.handler());
    run_ready(io);
    here.cancel();
    run_until(io, [&] { return cancelled.count == 1; });
    BOOST_TEST(cancelled.ec == asio::error::operation_aborted);
    BOOST_TEST(!here.is_open());
    BOOST_TEST(here.failure().context().starts_with("message 2: the send was cancelled when "));
}

// N: what a failure has ended is not told in its place.
BOOST_AUTO_TEST_CASE(the_first_failure_is_told) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    make_small(a);
    auto here = make(std::move(a));
    const std::string large(1 << 20, 'x');
    done sent, behind, flushed;
    here.async_send(large, sent.handler());
    here.async_send("behind it", behind.handler());
    here.async_flush(flushed.handler());
    run_ready(io);
    asio::write(b, asio::buffer("GET / HTTP/1.1\r\n", 16));
    BOOST_TEST(receive_from(here).ec == make_error_code(errc::invalid_frame));
    run_until(io, [&] { return sent.count == 1 && behind.count == 1; });
    BOOST_TEST(sent.ec == make_error_code(errc::invalid_frame));
    BOOST_TEST(behind.ec == make_error_code(errc::invalid_frame));
    BOOST_TEST(here.failure().context() == "message 1, byte 4: version 1 was expected");
    here.cancel();
    BOOST_TEST(here.failure().context() == "message 1, byte 4: version 1 was expected");
}

BOOST_AUTO_TEST_CASE(cancel_ends_all_that_waits) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    make_small(a);
    auto here = make(std::move(a), {.queue_bytes = 100});
    auto there = make(std::move(b));
    const std::size_t n = fill(here);
    done one, two;
    const auto late = numbered(n, 50);
    here.async_send(late, one.handler());
    here.async_send(late, two.handler());
    here.cancel();
    run_until(io, [&] { return one.count == 1 && two.count == 1; });
    BOOST_TEST(one.ec == asio::error::operation_aborted);
    BOOST_TEST(two.ec == asio::error::operation_aborted);
    BOOST_TEST(here.is_open());
    check_numbered_until_end(io, here, there, n);
}

BOOST_AUTO_TEST_CASE(a_message_that_cannot_be_framed_fails_alone) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    auto here = make<lines>(std::move(a));
    auto there = make<lines>(std::move(b));
    BOOST_TEST(send_to(here, "two\nlines") == make_error_code(errc::invalid_argument));
    BOOST_TEST(!here.try_send("two\nlines"));
    BOOST_TEST(send_to(here, "one line") == error_code());
    BOOST_TEST(receive_from(there).is("one line"));
    auto [c, d] = make_socket_pair<local_stream>(ex).value();
    auto limited = make(std::move(c), {.gather_bytes = 50}, length_prefix(100));
    BOOST_TEST(send_to(limited, std::string(101, 'x')) == make_error_code(errc::limit_exceeded));
    BOOST_TEST(send_to(limited, std::string(100, 'x')) == error_code());
    BOOST_TEST(limited.is_open());
}

BOOST_AUTO_TEST_CASE(a_peer_that_is_gone_is_a_broken_pipe_and_what_it_said_is_still_heard) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    auto here = make(std::move(a));
    asio::write(b, asio::buffer(framed("last words")));
    b.close();
    while (here.try_send("anybody there?")) run_ready(io);
    BOOST_TEST(send_to(here, "hello?") == asio::error::broken_pipe);
    BOOST_TEST(here.failure().context().starts_with("send message 1"));
    BOOST_TEST(receive_from(here).is("last words"));
    BOOST_TEST(receive_from(here).is_end());
}

BOOST_AUTO_TEST_CASE(what_a_peer_said_before_it_went_is_heard_although_half_a_message_to_it_was_sent) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    make_small(a);
    auto here = make(std::move(a));
    const std::string large(1 << 20, 'x');
    done sent;
    here.async_send(large, sent.handler());
    run_ready(io);
    BOOST_TEST(sent.count == 0);
    asio::write(b, asio::buffer(framed("too much for me")));
    b.close();
    run_until(io, [&] { return sent.count == 1; });
    BOOST_TEST((sent.ec == asio::error::broken_pipe || sent.ec == asio::error::connection_reset));
    BOOST_TEST(receive_from(here).is("too much for me"));
}

// F4
BOOST_AUTO_TEST_CASE(both_sides_may_write_before_they_read) {
    auto [here, there] = make_channels();
    const auto side = [](any_channel& c, std::size_t& got) -> task<> {
        const std::string message(24 << 10, 'm');
        using namespace asio::experimental::awaitable_operators;
        const auto write = [](any_channel& to, const std::string& m) -> task<> {
            for (int i = 0; i < 256; ++i) co_await to.async_send(m);
            co_await to.async_end();
        };
        const auto read = [](any_channel& from, std::size_t& n) -> task<> {
            while (const auto m = co_await from.async_receive()) n += m->size();
        };
        co_await (write(c, message) && read(c, got));
    };
    std::size_t one = 0, other = 0;
    run_task(io, [](auto& s, any_channel& a, any_channel& b, std::size_t& x, std::size_t& y) -> task<> {
        using namespace asio::experimental::awaitable_operators;
        co_await (s(a, x) && s(b, y));
    }(side, here, there, one, other));
    BOOST_TEST(one == 256u * (24u << 10));
    BOOST_TEST(other == one);
}

// F6
BOOST_AUTO_TEST_CASE(many_may_send_and_the_order_of_each_holds) {
    auto [here, there] = make_channels({.queue_bytes = 3000});
    constexpr std::size_t senders = 8, each = 5000;
    std::size_t finished = 0;
    for (std::size_t who = 0; who < senders; ++who) {
        asio::co_spawn(
            io,
            [](any_channel& c, std::size_t w, std::size_t& n) -> task<> {
                for (std::size_t i = 0; i < each; ++i)
                    co_await c.async_send(std::to_string(w) + " " + numbered(i, 10 + i % 90));
                if (++n == senders) co_await c.async_shutdown();
            }(here, who, finished),
            [](std::exception_ptr e) {
                if (e) std::rethrow_exception(e);
            });
    }
    std::vector<std::size_t> next(senders);
    for (const auto& m : all_of(io, there)) {
        const auto who = static_cast<std::size_t>(m[0] - '0');
        BOOST_TEST_REQUIRE(is_numbered(std::string_view(m).substr(2), next[who]++));
    }
    BOOST_TEST(std::ranges::all_of(next, [](std::size_t n) { return n == each; }));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
