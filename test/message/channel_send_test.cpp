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

using namespace parley;
using namespace parley::test;

namespace {

// A socket whose kernel buffer holds little.
void make_small(local_stream::socket& socket) { socket.set_option(asio::socket_base::send_buffer_size(4096)); }

// All that comes on `c` until the end.
task<std::vector<std::string>> all_of(any_channel& c) {
    std::vector<std::string> all;
    while (const auto m = co_await c.async_receive()) all.emplace_back(*m);
    co_return all;
}

std::vector<std::string> drain(asio::io_context& io, any_channel& c) { return run_task(io, all_of(c)); }

}  // namespace

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

BOOST_AUTO_TEST_CASE(a_send_completes_when_there_is_room) {
    auto [a, there] = make_socket_pair<local_stream>(ex).value();
    make_small(a);
    auto here = make(std::move(a), {.queue_bytes = 1000});
    auto peer = make(std::move(there));
    std::size_t sent = 0;
    std::deque<done> results(1000);
    for (auto& r : results) here.async_send("0123456789", r.handler());
    run_ready(io);
    sent = static_cast<std::size_t>(std::ranges::count_if(results, [](auto& r) { return r.count == 1; }));
    BOOST_TEST(sent > 0u);
    BOOST_TEST(sent < results.size());
    BOOST_TEST(here.counters().queued_bytes <= 1000u);
    std::size_t got = 0;
    run_task(io, [](auto& from, std::size_t& n, std::size_t all) -> task<> {
        while (n != all) {
            const auto message = co_await from.async_receive();
            if (message) ++n;
        }
    }(peer, got, results.size()));
    run_until(io, [&] { return std::ranges::all_of(results, [](auto& r) { return r.count == 1 && !r.ec; }); });
}

BOOST_AUTO_TEST_CASE(messages_count_as_bytes_do) {
    auto [a, there] = make_socket_pair<local_stream>(ex).value();
    make_small(a);
    auto here = make(std::move(a), {.queue_messages = 5, .when_full = full_queue::fail});
    while (here.try_send("fills the kernel's buffer")) run_ready(io);
    BOOST_TEST(here.counters().queued_messages <= 5u);
    BOOST_TEST(here.counters().queued_bytes < 200u);
    BOOST_TEST(send_to(here, "one too many") == asio::error::no_buffer_space);
    BOOST_TEST(here.counters().refused == 2u);
}

BOOST_AUTO_TEST_CASE(the_newest_is_dropped_where_it_was_asked_for) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    make_small(a);
    auto here = make(std::move(a), {.queue_bytes = 1000, .when_full = full_queue::drop_newest});
    auto there = make(std::move(b));
    const std::size_t all = 3000;
    for (std::size_t i = 0; i < all; ++i) {
        BOOST_TEST_REQUIRE(here.try_send(numbered(i, 10)));
        if (i % 10 == 0) run_ready(io);
    }
    const auto dropped = here.counters().dropped;
    BOOST_TEST(dropped > 0u);
    const auto closer = std::make_unique<done>();
    here.async_shutdown(closer->handler());
    const auto got = drain(io, there);
    BOOST_TEST(got.size() == all - dropped);
    for (std::size_t i = 0; i < got.size(); ++i) BOOST_TEST_REQUIRE(is_numbered(got[i], i));  // the oldest are there
}

BOOST_AUTO_TEST_CASE(the_oldest_are_dropped_where_it_was_asked_for_and_no_message_is_torn) {
    for (const std::size_t size : {10u, 100u, 700u}) {
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        make_small(a);
        auto here = make(std::move(a), {.queue_bytes = 2000, .when_full = full_queue::drop_oldest});
        auto there = make(std::move(b));
        const std::size_t all = 3000;
        std::vector<std::string> got;
        std::function<void()> next = [&] {
            there.async_receive([&](error_code ec, auto m) {
                BOOST_TEST_REQUIRE(!ec);
                if (!m) return;
                got.emplace_back(*m);
                if (got.size() % 7 != 0) next();
            });
        };
        next();
        for (std::size_t i = 0; i < all; ++i) {
            BOOST_TEST_REQUIRE(here.try_send(numbered(i, size)));
            if (i % 50 == 0) run_ready(io);
            if (i % 200 == 0 && got.size() % 7 == 0) next();
        }
        there.cancel();
        run_ready(io);
        const auto counted = here.counters();
        BOOST_TEST(counted.dropped > 0u);
        done closed;
        here.async_shutdown(closed.handler());
        const auto rest = drain(io, there);
        got.insert(got.end(), rest.begin(), rest.end());
        run_until(io, [&] { return closed.count == 1; });
        BOOST_TEST(got.size() + counted.dropped == all);
        BOOST_TEST(here.counters().messages_sent + counted.dropped == all);
        long last = -1;
        for (const auto& m : got) {
            const long number = std::stol(m);
            BOOST_TEST_REQUIRE(number > last);
            BOOST_TEST_REQUIRE(is_numbered(m, static_cast<std::size_t>(number)));
            last = number;
        }
        BOOST_TEST(last == static_cast<long>(all) - 1);  // the newest is there
    }
}

BOOST_AUTO_TEST_CASE(large_messages_keep_their_place_among_small_ones) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    make_small(a);
    auto here = make(std::move(a), {.queue_bytes = 5000, .gather_bytes = 1000});
    auto there = make(std::move(b));
    std::vector<std::string> messages;
    for (std::size_t i = 0; i < 200; ++i) messages.push_back(numbered(i, i % 3 == 0 ? 20'000 : i % 3 == 1 ? 5 : 999));
    std::deque<done> results(messages.size());
    for (std::size_t i = 0; i < messages.size(); ++i) here.async_send(messages[i], results[i].handler());
    done ended;
    here.async_end(ended.handler());
    const auto got = drain(io, there);
    BOOST_TEST((got == messages));
    run_until(io, [&] { return ended.count == 1; });
    BOOST_TEST(std::ranges::all_of(results, [](auto& r) { return r.count == 1 && !r.ec; }));
    BOOST_TEST(here.counters().messages_sent == messages.size());
}

BOOST_AUTO_TEST_CASE(nobody_overtakes_a_sender_that_waits) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    make_small(a);
    auto here = make(std::move(a), {.queue_bytes = 100});
    auto there = make(std::move(b));
    std::size_t n = 0;
    while (here.try_send(numbered(n, 50))) ++n;
    done waits;
    const auto waiting = numbered(n, 50);
    here.async_send(waiting, waits.handler());
    BOOST_TEST(!here.try_send("x"));  // although a short one would fit
    done closed;
    here.async_shutdown(closed.handler());
    const auto got = drain(io, there);
    BOOST_TEST(got.size() == n + 1);
    for (std::size_t i = 0; i < got.size(); ++i) BOOST_TEST(is_numbered(got[i], i));
}

BOOST_AUTO_TEST_CASE(a_cancelled_send_that_waits_was_not_sent) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    make_small(a);
    auto here = make(std::move(a), {.queue_bytes = 100});
    auto there = make(std::move(b));
    std::size_t n = 0;
    while (here.try_send(numbered(n, 50))) ++n;
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
    done closed;
    here.async_shutdown(closed.handler());
    const auto got = drain(io, there);
    BOOST_TEST(got.size() == n + 1);
    for (std::size_t i = 0; i < got.size(); ++i) BOOST_TEST(is_numbered(got[i], i));
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
    BOOST_TEST(receive_from(there).ec == make_error_code(errc::truncated_frame));
}

BOOST_AUTO_TEST_CASE(cancel_ends_all_that_waits) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    make_small(a);
    auto here = make(std::move(a), {.queue_bytes = 100});
    auto there = make(std::move(b));
    std::size_t n = 0;
    while (here.try_send(numbered(n, 50))) ++n;
    done one, two;
    const auto late = numbered(n, 50);
    here.async_send(late, one.handler());
    here.async_send(late, two.handler());
    here.cancel();
    run_until(io, [&] { return one.count == 1 && two.count == 1; });
    BOOST_TEST(one.ec == asio::error::operation_aborted);
    BOOST_TEST(two.ec == asio::error::operation_aborted);
    BOOST_TEST(here.is_open());
    done closed;
    here.async_shutdown(closed.handler());
    BOOST_TEST(drain(io, there).size() == n);
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

BOOST_AUTO_TEST_CASE(the_end_of_sending_leaves_receiving_open) {
    auto [here, there] = make_channels();
    BOOST_TEST(here.try_send("all I have to say"));
    done ended;
    here.async_end(ended.handler());
    run_until(io, [&] { return ended.count == 1; });
    BOOST_TEST(!ended.ec);
    BOOST_TEST(!here.try_send("x"));
    BOOST_TEST(send_to(here, "x") == asio::error::bad_descriptor);
    BOOST_TEST(receive_from(there).is("all I have to say"));
    BOOST_TEST(receive_from(there).is_end());
    BOOST_TEST(send_to(there, "answer") == error_code());
    BOOST_TEST(receive_from(here).is("answer"));
    BOOST_TEST(shut_down(here) == error_code());
    BOOST_TEST(!here.is_open());
    BOOST_TEST(receive_from(there).is_end());
}

BOOST_AUTO_TEST_CASE(a_shutdown_sends_what_is_queued) {
    auto [here, there] = make_channels();
    const std::size_t all = 10'000;
    for (std::size_t i = 0; i < all; ++i) BOOST_TEST_REQUIRE(here.try_send(numbered(i, 20)));
    done closed;
    here.async_shutdown(closed.handler());
    const auto got = drain(io, there);
    run_until(io, [&] { return closed.count == 1; });
    BOOST_TEST(!closed.ec);
    BOOST_TEST(got.size() == all);
    BOOST_TEST(!here.is_open());
}

BOOST_AUTO_TEST_CASE(a_shutdown_that_is_cancelled_closes_at_once) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    make_small(a);
    auto here = make(std::move(a));
    auto there = make(std::move(b));
    for (int i = 0; i < 1000; ++i) BOOST_TEST_REQUIRE(here.try_send("nobody reads"));
    asio::cancellation_signal stop;
    done closed;
    here.async_shutdown(asio::bind_cancellation_slot(stop.slot(), closed.handler()));
    run_ready(io);
    BOOST_TEST(closed.count == 0);
    stop.emit(asio::cancellation_type::terminal);
    run_until(io, [&] { return closed.count == 1; });
    BOOST_TEST(closed.ec == asio::error::operation_aborted);
    BOOST_TEST(!here.is_open());
}

// TCP throws away what is under way when a socket is closed in which something lies unread.
BOOST_AUTO_TEST_CASE(a_shutdown_over_tcp_loses_no_tail_although_something_was_left_unread) {
    using asio::ip::tcp;
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket a(io);
    a.connect(acceptor.local_endpoint());
    channel there(acceptor.accept(), length_prefix());
    a.set_option(asio::socket_base::send_buffer_size(1 << 20));
    channel here(std::move(a), length_prefix());
    const std::size_t all = 20'000;
    for (int i = 0; i < 100; ++i) BOOST_TEST_REQUIRE(there.try_send("never read"));
    run_ready(io);
    for (std::size_t i = 0; i < all; ++i) BOOST_TEST_REQUIRE(here.try_send(numbered(i, 20)));
    run_ready(io);
    done closed;
    here.async_shutdown(closed.handler());
    const auto got = drain(io, there);
    BOOST_TEST(got.size() == all);
    there.close();
    run_until(io, [&] { return closed.count == 1; });
    BOOST_TEST(!closed.ec);
}

BOOST_AUTO_TEST_CASE(a_shutdown_over_tcp_does_not_wait_for_ever) {
    using asio::ip::tcp;
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket a(io);
    a.connect(acceptor.local_endpoint());
    auto silent = acceptor.accept();
    channel here(std::move(a), length_prefix());
    received waiting;
    here.async_receive(waiting.handler());
    BOOST_TEST(shut_down(here) == error_code());
    BOOST_TEST(waiting.count == 1);
    BOOST_TEST(waiting.ec == asio::error::operation_aborted);
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
    for (const auto& m : drain(io, there)) {
        const auto who = static_cast<std::size_t>(m[0] - '0');
        BOOST_TEST_REQUIRE(is_numbered(std::string_view(m).substr(2), next[who]++));
    }
    BOOST_TEST(std::ranges::all_of(next, [](std::size_t n) { return n == each; }));
}

BOOST_AUTO_TEST_SUITE_END()
