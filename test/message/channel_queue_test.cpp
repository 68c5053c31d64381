// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What waits to be sent: how much, in which order, and what happens when there is no room.

#include "channel_tools.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>

BOOST_AUTO_TEST_SUITE(channel_queue_test)

using namespace parley;
using namespace parley::test;

BOOST_FIXTURE_TEST_SUITE(channel_queue_suite, channel_fixture)

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
    const auto got = all_of(io, there);
    BOOST_TEST(got.size() == all - dropped);
    for (std::size_t i = 0; i < got.size(); ++i) BOOST_TEST_REQUIRE(is_numbered(got[i], i));  // the oldest are there
}

BOOST_AUTO_TEST_CASE(the_oldest_are_dropped_where_it_was_asked_for_and_no_message_is_torn) {
    using sizes = std::pair<std::size_t, std::size_t>;
    // A queue within one block of memory, and one of several.
    for (const auto& [queue, size] : {sizes{2000, 10}, sizes{2000, 100}, sizes{2000, 700}, sizes{100'000, 100},
                                      sizes{100'000, 700}, sizes{100'000, 5000}, sizes{100'000, 17'000}}) {
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        make_small(a);
        auto here = make(std::move(a), {.queue_bytes = queue, .when_full = full_queue::drop_oldest});
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
        const auto rest = all_of(io, there);
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

BOOST_AUTO_TEST_CASE(a_flush_waits_for_the_message_that_has_begun_whatever_is_dropped_behind_it) {
    auto [a, peer] = make_socket_pair<local_stream>(ex).value();
    make_small(a);
    auto here = make(std::move(a), {.queue_bytes = 100'000, .when_full = full_queue::drop_oldest});
    peer.non_blocking(true);
    std::string got;
    const auto read_some = [&, &from = peer] {
        char some[4096];
        error_code ec;
        got.append(some, from.read_some(asio::buffer(some), ec));
        run_ready(io);
    };
    BOOST_TEST_REQUIRE(here.try_send(numbered(0, 90'000)));
    run_ready(io);
    done first, with_next, last;
    here.async_flush(first.handler());
    BOOST_TEST_REQUIRE(here.try_send(numbered(1, 9'000)));
    here.async_flush(with_next.handler());
    for (std::size_t i = 2; i < 40; ++i) BOOST_TEST_REQUIRE(here.try_send(numbered(i, 9'000)));
    BOOST_TEST(here.counters().dropped > 30u);
    here.async_flush(last.handler());
    const auto begun = framed(numbered(0, 90'000)).size();
    while (here.counters().bytes_sent < begun) {
        BOOST_TEST_REQUIRE(first.count == 0);
        BOOST_TEST_REQUIRE(with_next.count == 0);
        read_some();
    }
    BOOST_TEST(first.count == 1);
    BOOST_TEST(with_next.count == 1);  // that one was dropped
    BOOST_TEST(last.count == 0);
    while (here.counters().queued_bytes != 0) read_some();
    BOOST_TEST(last.count == 1);
    read_some();
    BOOST_TEST(got.starts_with(framed(numbered(0, 90'000))));
    BOOST_TEST((!first.ec && !with_next.ec && !last.ec));
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
    const auto got = all_of(io, there);
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
    const std::size_t n = fill(here);
    done waits;
    const auto waiting = numbered(n, 50);
    here.async_send(waiting, waits.handler());
    BOOST_TEST(!here.try_send("x"));  // although a short one would fit
    check_numbered_until_end(io, here, there, n + 1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
