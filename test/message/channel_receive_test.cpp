// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "channel_tools.hpp"
#include "sanitizers.hpp"

#include <parley/message/content_length.hpp>
#include <parley/message/lines.hpp>
#include <parley/message/message_pack.hpp>
#include <parley/message/nul_terminated.hpp>
#include <parley/message/varint.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <boost/mpl/list.hpp>

#include <fstream>
#include <memory>
#include <stdexcept>

#include <malloc.h>

BOOST_AUTO_TEST_SUITE(channel_receive_test)

using namespace parley;
using namespace parley::test;

namespace {

using framers = boost::mpl::list<length_prefix, varint, lines, nul_terminated, content_length>;

void write_bytes(local_stream::socket& socket, std::string_view bytes) { asio::write(socket, asio::buffer(bytes)); }

template <typename Framer>
std::string wire_of(std::string_view payload) {
    frame_ends ends;
    (void)Framer().enclose(payload, 0, ends);
    return std::string(ends.head()) + std::string(payload) + std::string(ends.tail());
}

// A framing of somebody's own that never finds a message.
struct endless {
    parsed_frame parse(std::string_view bytes, std::size_t) const noexcept {
        return parsed_frame::incomplete(bytes.size() + 1);
    }
    parsed_frame parse_end(std::string_view) const noexcept {
        return parsed_frame::failed(errc::truncated_frame, 0, "");
    }
    error_code enclose(std::string_view, unsigned, frame_ends& ends) const noexcept {
        return ends.clear(), error_code();
    }
    std::size_t limit() const noexcept { return 1000; }
    std::size_t overhead() const noexcept { return 0; }
};

boost::test_tools::assertion_result can_see_the_heap(boost::unit_test::test_unit_id) {
    boost::test_tools::assertion_result can(!sanitized);
    can.message() << "a sanitizer has a heap of its own";
    return can;
}

long resident_peak_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
    return 0;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(channel_receive_suite, channel_fixture)

BOOST_AUTO_TEST_CASE_TEMPLATE(messages_come_whole_however_their_bytes_are_divided, Framer, framers) {
    const std::vector<std::string> messages = {"one", "a longer one", std::string(300, 'x'), "last"};
    std::string wire;
    for (const auto& m : messages) wire += wire_of<Framer>(m);
    for (std::size_t at = 1; at < wire.size(); ++at) {
        auto [here, there] = make_socket_pair<local_stream>(ex).value();
        auto c = make<Framer>(std::move(here));
        std::vector<std::string> got;
        bool ended = false;
        std::function<void()> next = [&] {
            c.async_receive([&](error_code ec, std::optional<std::string_view> m) {
                BOOST_TEST_REQUIRE(!ec);
                if (!m) return void(ended = true);
                got.emplace_back(*m);
                next();
            });
        };
        next();
        write_bytes(there, std::string_view(wire).substr(0, at));
        run_ready(io);
        write_bytes(there, std::string_view(wire).substr(at));
        there.close();
        run_until(io, [&] { return ended; });
        BOOST_TEST_REQUIRE((got == messages));
    }
}

BOOST_AUTO_TEST_CASE(the_end_is_nothing_and_stays_so) {
    auto [here, there] = make_channels();
    BOOST_TEST(here.try_send("bye"));
    here.close();  // nothing was flushed yet
    BOOST_TEST(receive_from(there).is_end());
    BOOST_TEST(receive_from(there).is_end());
    BOOST_TEST(there.is_open());
    BOOST_TEST(!there.failure().code());
}

BOOST_AUTO_TEST_CASE(what_was_read_already_is_taken_without_waiting) {
    auto [here, there] = make_channels();
    for (int i = 0; i < 5; ++i) BOOST_TEST(here.try_send(std::to_string(i)));
    BOOST_TEST(!there.try_receive().has_value());  // nobody has read yet
    run_ready(io);
    BOOST_TEST(receive_from(there).is("0"));
    for (int i = 1; i < 5; ++i) {
        const auto m = there.try_receive();
        BOOST_REQUIRE(m.has_value());
        BOOST_TEST(*m == std::to_string(i));
    }
    BOOST_TEST(!there.try_receive().has_value());
    BOOST_TEST(there.counters().messages_received == 5u);
    BOOST_TEST(there.counters().reads == 1u);
}

BOOST_AUTO_TEST_CASE(a_batch_is_all_that_has_come) {
    auto [here, there] = make_channels();
    std::size_t batches = 0, number = 0;
    const std::size_t all = 5000;  // more than one batch
    run_task(io, [](auto& from, auto& to, std::size_t n, std::size_t& many, std::size_t& next) -> task<> {
        for (std::size_t i = 0; i < n; ++i)
            if (!from.try_send(numbered(i, 20))) co_await from.async_send(numbered(i, 20));
        co_await from.async_end();
        for (;;) {
            const auto batch = co_await to.async_receive_batch();
            if (batch.empty()) break;
            ++many;
            BOOST_TEST_REQUIRE(is_numbered(batch[0], next));
            BOOST_TEST_REQUIRE(is_numbered(batch[batch.size() - 1], next + batch.size() - 1));
            for (const std::string_view message : batch) BOOST_TEST_REQUIRE(is_numbered(message, next++));
        }
    }(here, there, all, batches, number));
    BOOST_TEST(number == all);
    BOOST_TEST(batches < all / 100);
    BOOST_TEST(there.counters().messages_received == all);
}

BOOST_AUTO_TEST_CASE(views_of_a_batch_hold_until_the_next_receive) {
    auto [here, there] = make_channels();
    const std::string large(200'000, 'L');
    BOOST_TEST(here.try_send("first"));
    BOOST_TEST(here.try_send(large));
    run_task(io, [](auto& to, const std::string& second) -> task<> {
        const auto batch = co_await to.async_receive_batch();
        const std::string_view first = batch[0];
        BOOST_TEST(first == "first");
        const auto next = co_await to.async_receive();
        BOOST_TEST((next && *next == second));
    }(there, large));
}

BOOST_AUTO_TEST_CASE(what_is_no_frame_closes_the_channel_and_says_where) {
    auto [here, there] = make_socket_pair<local_stream>(ex).value();
    auto c = make(std::move(here));
    write_bytes(there, framed("good") + framed("good, too") + "GET / HTTP/1.1\r\n");
    BOOST_TEST(receive_from(c).is("good"));
    BOOST_TEST(receive_from(c).is("good, too"));
    const auto bad = receive_from(c);
    BOOST_TEST(bad.ec == make_error_code(errc::invalid_frame));
    BOOST_TEST(!c.is_open());
    BOOST_TEST(c.failure().context() == "message 3, byte 4: version 1 was expected");
    BOOST_TEST(receive_from(c).ec == make_error_code(errc::invalid_frame));
    BOOST_TEST(send_to(c, "x") == make_error_code(errc::invalid_frame));
    char byte = 0;
    error_code ec;
    there.read_some(asio::buffer(&byte, 1), ec);
    BOOST_TEST((ec == asio::error::eof || ec == asio::error::connection_reset));
}

BOOST_AUTO_TEST_CASE(a_stream_that_ends_within_a_message_is_no_clean_end) {
    auto [here, there] = make_socket_pair<local_stream>(ex).value();
    auto c = make(std::move(here));
    write_bytes(there, framed("whole") + framed("not whole").substr(0, 12));
    there.close();
    BOOST_TEST(receive_from(c).is("whole"));
    BOOST_TEST(receive_from(c).ec == make_error_code(errc::truncated_frame));
    BOOST_TEST(c.failure().context().starts_with("message 2, "));
}

BOOST_AUTO_TEST_CASE(the_last_line_needs_no_end) {
    auto [here, there] = make_socket_pair<local_stream>(ex).value();
    auto c = make<lines>(std::move(here));
    write_bytes(there, "one\r\ntwo");
    there.close();
    BOOST_TEST(receive_from(c).is("one"));
    BOOST_TEST(receive_from(c).is("two"));
    BOOST_TEST(receive_from(c).is_end());
}

// F1: the length is compared before anything is allocated, and memory grows with what has come.
BOOST_AUTO_TEST_CASE(a_length_that_is_too_large_costs_nothing) {
    for (const char* const length : {"\xff\xff\xff\xff", "\x01\0\0\x01", "\xff\xff\xff\x7f"}) {
        const long before = resident_peak_kib();
        auto [here, there] = make_socket_pair<local_stream>(ex).value();
        auto c = make(std::move(here));
        write_bytes(there, std::string(length, 4) + std::string("\x01\0\0\0", 4));
        BOOST_TEST(receive_from(c).ec == make_error_code(errc::limit_exceeded));
        BOOST_TEST(!c.is_open());
        BOOST_TEST(resident_peak_kib() - before < 1024);
    }
    // And one that is allowed, of which little comes.
    const long before = resident_peak_kib();
    auto [here, there] = make_socket_pair<local_stream>(ex).value();
    auto c = make(std::move(here));
    write_bytes(there, std::string("\0\0\0\x01\x01\0\0\0", 8) + "little");
    there.close();
    BOOST_TEST(receive_from(c).ec == make_error_code(errc::truncated_frame));
    BOOST_TEST(resident_peak_kib() - before < 1024);
}

// P: not even where nothing is written there, which costs nothing resident.
BOOST_AUTO_TEST_CASE(an_announced_length_alone_claims_little_memory,
                     *boost::unit_test::precondition(can_see_the_heap)) {
    const auto allocated = [] {
        const auto heap = ::mallinfo2();
        return heap.uordblks + heap.hblkhd;
    };
    auto [here, there] = make_socket_pair<local_stream>(ex).value();
    auto c = make(std::move(here));
    received got;
    c.async_receive(got.handler());
    run_ready(io);
    const auto before = allocated();
    write_bytes(there, std::string("\0\0\0\x01\x01\0\0\0", 8) + "little");
    run_ready(io);
    write_bytes(there, "and a bit more");
    run_ready(io);
    BOOST_TEST(allocated() - before < std::size_t{1} << 20);
    BOOST_TEST(got.count == 0);
}

BOOST_AUTO_TEST_CASE(a_framing_that_never_finds_a_message_ends_at_its_own_limit) {
    auto [here, there] = make_socket_pair<local_stream>(ex).value();
    auto c = make<endless>(std::move(here));
    received got;
    c.async_receive(got.handler());
    const std::string some(10'000, 'x');
    for (std::size_t sent = 0; got.count == 0 && sent < (1u << 20); sent += some.size()) {
        write_bytes(there, some);
        run_ready(io);
    }
    BOOST_TEST(got.count == 1);
    BOOST_TEST(got.ec == make_error_code(errc::limit_exceeded));
    BOOST_TEST(c.failure().context() == "message 1, byte 0: the framing wants more than its own limit");
}

BOOST_AUTO_TEST_CASE(a_large_message_comes_and_the_memory_for_it_stays_bounded) {
    auto [here, there] = make_channels();
    const std::string large = numbered(1, 8 << 20);
    run_task(io, [](auto& from, auto& to, const std::string& message) -> task<> {
        using namespace asio::experimental::awaitable_operators;
        auto got = co_await (from.async_send(message, asio::use_awaitable) && to.async_receive(asio::use_awaitable));
        BOOST_TEST_REQUIRE(got.has_value());
        BOOST_TEST((*got == message));
    }(here, there, large));
}

BOOST_AUTO_TEST_CASE(a_cancelled_receive_loses_nothing) {
    auto [here, there] = make_channels();
    for (int round = 0; round < 50; ++round) {
        asio::cancellation_signal stop;
        received cancelled;
        there.async_receive(asio::bind_cancellation_slot(stop.slot(), cancelled.handler()));
        run_ready(io);
        const auto text = std::to_string(round);
        if (round % 2 == 0) BOOST_TEST(here.try_send(text));
        if (round % 4 == 0) run_ready(io);
        stop.emit(asio::cancellation_type::terminal);
        run_until(io, [&] { return cancelled.count != 0; });
        if (round % 2 != 0) {
            BOOST_TEST(cancelled.ec == asio::error::operation_aborted);
        } else if (cancelled.ec) {
            BOOST_TEST(cancelled.ec == asio::error::operation_aborted);
            BOOST_TEST(receive_from(there).is(text));
        } else {
            BOOST_TEST(cancelled.is(text));
        }
    }
}

BOOST_AUTO_TEST_CASE(cancel_ends_what_waits_and_the_channel_lives_on) {
    auto [here, there] = make_channels();
    received waiting;
    there.async_receive(waiting.handler());
    run_ready(io);
    there.cancel();
    run_until(io, [&] { return waiting.count == 1; });
    BOOST_TEST(waiting.ec == asio::error::operation_aborted);
    BOOST_TEST(here.try_send("still here"));
    BOOST_TEST(receive_from(there).is("still here"));
}

BOOST_AUTO_TEST_CASE(one_receive_at_a_time) {
    auto [here, there] = make_channels();
    received first, second;
    there.async_receive(first.handler());
    there.async_receive(second.handler());
    run_until(io, [&] { return second.count == 1; });
    BOOST_TEST(second.ec == asio::error::already_started);
    BOOST_TEST(!there.try_receive().has_value());
    BOOST_TEST(here.try_send("for the first"));
    run_until(io, [&] { return first.count == 1; });
    BOOST_TEST(first.is("for the first"));
}

BOOST_AUTO_TEST_CASE(any_completion_token_will_do) {
    auto [here, there] = make_channels();
    auto sent = here.async_send("for a future", asio::use_future);
    auto got = there.async_receive_batch(asio::use_future);
    run_ready(io);
    sent.get();
    BOOST_TEST(got.get()[0] == "for a future");
}

BOOST_AUTO_TEST_CASE(a_handler_on_another_context_runs_there) {
    auto [here, there] = make_channels();
    asio::io_context other;
    received got;
    there.async_receive(asio::bind_executor(other.get_executor(), got.handler()));
    BOOST_TEST(here.try_send("over there"));
    run_ready(io);
    BOOST_TEST(got.count == 0);
    other.run();
    BOOST_TEST(got.is("over there"));
}

// F11: one who sends without a pause does not keep the others waiting.
BOOST_AUTO_TEST_CASE(a_busy_peer_leaves_others_their_turn) {
    auto [busy, busy_end] = make_channels({}, {.turn_messages = 4});
    auto [calm, calm_end] = make_channels();
    for (int i = 0; i < 2000; ++i) BOOST_TEST_REQUIRE(busy.try_send("again"));
    int seen = 0, seen_before_calm = -1;
    std::function<void()> next = [&] {
        busy_end.async_receive([&](error_code ec, auto m) {
            if (ec || !m) return;
            ++seen;
            next();
        });
    };
    next();
    run_until(io, [&] { return seen > 0; });
    calm_end.async_receive([&](error_code, auto) { seen_before_calm = seen; });
    BOOST_TEST(calm.try_send("my turn"));
    run_until(io, [&] { return seen == 2000; });
    BOOST_TEST(seen_before_calm > 0);
    BOOST_TEST(seen_before_calm < 100);
    busy_end.close();
}

BOOST_AUTO_TEST_CASE(options_that_cannot_work_are_refused) {
    const auto refused = [&](channel_options options) {
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        BOOST_CHECK_THROW(local_channel(std::move(a), length_prefix(), options), boost::system::system_error);
    };
    refused({.queue_bytes = 0});
    refused({.queue_messages = 0});
    refused({.turn_messages = 0});
    BOOST_CHECK_THROW(local_channel(local_stream::socket(ex), length_prefix()), boost::system::system_error);
}

BOOST_AUTO_TEST_CASE(a_framing_that_remembers_its_progress_begins_anew_with_each_message) {
    auto [socket, raw] = make_socket_pair<local_stream>(ex).value();
    auto c = make(std::move(socket), {}, message_pack());
    const std::string one(
        "\x93\x01\xa3"
        "abc\x92\x02\x03",
        9),
        two("\xdc\x00\x02\xc0\xc4\x01x", 7);
    std::string stream = one + two + one + two + two;
    std::vector<std::string> got;
    for (std::size_t step = 1; step <= stream.size(); ++step) {
        for (std::size_t at = 0; at < stream.size(); at += step) {
            asio::write(raw, asio::buffer(stream.substr(at, step)));
            run_ready(io);
            if (at == 0) got.clear();
            received r;
            asio::cancellation_signal stop;
            c.async_receive(asio::bind_cancellation_slot(stop.slot(), r.handler()));
            run_ready(io);
            stop.emit(asio::cancellation_type::terminal);
            run_until(io, [&] { return r.count == 1; });
            if (r.message) got.push_back(*r.message);
            while (const auto more = c.try_receive()) got.emplace_back(*more);
        }
        BOOST_TEST_REQUIRE((got == std::vector<std::string>{one, two, one, two, two}));
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
