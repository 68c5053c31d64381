// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Channels under load and under attack.

#include "channel_tools.hpp"

#include <parley/message/lines.hpp>

#include "core/syscall.hpp"
#include "forked.hpp"
#include "resident_memory.hpp"
#include "sanitizers.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <random>

#include <sys/socket.h>

BOOST_AUTO_TEST_SUITE(channel_load_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

// A message of 64 bytes: its number, words that follow from it, and a sum over them.
using sealed = std::array<std::uint64_t, 8>;

std::uint64_t sum_of(const sealed& words) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i + 1 < words.size(); ++i) sum = (sum ^ words[i]) * 0x9e3779b97f4a7c15u;
    return sum;
}

sealed seal(std::uint64_t number) {
    sealed words{number};
    for (std::size_t i = 1; i + 1 < words.size(); ++i) words[i] = words[i - 1] * 0xd1342543de82ef95u + i;
    words.back() = sum_of(words);
    return words;
}

// Nothing where a byte is not as it was.
std::optional<std::uint64_t> number_of(std::string_view message) {
    sealed words;
    if (message.size() != sizeof words) return {};
    std::memcpy(words.data(), message.data(), sizeof words);
    if (words.back() != sum_of(words)) return {};
    return words.front();
}

// What is at the other end: 0 where it could send all.
int send_sealed(unique_fd socket, std::uint64_t all) {
    asio::io_context io;
    local_channel to(local_stream::socket(io, local_stream(), socket.release()), length_prefix());
    run_task(io, [](any_channel& c, std::uint64_t n) -> task<> {
        for (std::uint64_t i = 0; i < n; ++i) {
            const auto words = seal(i);
            const std::string_view message(reinterpret_cast<const char*>(words.data()), sizeof words);
            if (!c.try_send(message)) co_await c.async_send(message);
        }
        co_await c.async_shutdown();
    }(to, all));
    return to.counters().messages_sent == all && to.counters().writes < all / 100 ? 0 : 1;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(channel_load_suite, channel_fixture)

BOOST_AUTO_TEST_CASE(ten_million_messages_between_processes_none_lost_doubled_or_out_of_order) {
    const std::uint64_t all = sanitized ? 1'000'000 : 10'000'000;
    auto ends = sys::socket_pair(SOCK_STREAM | SOCK_NONBLOCK).value();
    forked sender([&] {
        ends.first.reset();
        return send_sealed(std::move(ends.second), all);
    });
    ends.second.reset();
    auto from = make(local_stream::socket(io, local_stream(), ends.first.release()));
    const auto received = run_task(io, [](any_channel& c) -> task<std::uint64_t> {
        std::uint64_t next = 0, wrong = 0;
        for (;;) {
            const auto batch = co_await c.async_receive_batch();
            if (batch.empty()) co_return next;
            for (const auto message : batch) wrong += number_of(message) == next++ ? 0 : 1;
            BOOST_TEST_REQUIRE(wrong == 0u, wrong << " of " << batch.size() << " before message " << next);
        }
    }(from));
    BOOST_TEST(received == all);
    BOOST_TEST(from.counters().messages_received == all);
    BOOST_TEST(from.counters().reads < all / 100);
    BOOST_TEST(sender.wait() == 0);
}

// F5: at any moment, 10,000 times.
BOOST_AUTO_TEST_CASE(sends_that_are_cancelled_at_any_moment_never_shift_the_stream) {
    std::minstd_rand random(7);
    const int rounds = sanitized ? 1000 : 10'000;
    int closed = 0, cancelled = 0;
    for (int round = 0; round < rounds; ++round) {
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        a.set_option(asio::socket_base::send_buffer_size(4096));
        auto here = make(std::move(a), {.queue_bytes = 4000, .gather_bytes = 2000});
        auto there = make(std::move(b));
        std::deque<std::string> messages;
        std::deque<done> results;
        std::deque<asio::cancellation_signal> stops;
        std::vector<std::string> got;
        bool over = false;
        std::function<void()> next = [&] {
            there.async_receive([&](error_code ec, auto m) {
                if (ec || !m) return void(over = true);
                got.emplace_back(*m);
                next();
            });
        };
        for (std::size_t i = 0; i < 8; ++i) {
            messages.push_back(numbered(i, 1 + random() % 6000));
            here.async_send(messages.back(), asio::bind_cancellation_slot(stops.emplace_back().slot(),
                                                                          results.emplace_back().handler()));
        }
        if (random() % 2 == 0) next();
        for (auto n = random() % 10; n != 0; --n) io.poll_one();
        for (int n = 0; n < 3; ++n) stops[random() % stops.size()].emit(asio::cancellation_type::terminal);
        if (got.empty()) there.cancel(), run_ready(io), over = false, next();
        done finished;
        here.async_shutdown(finished.handler());
        run_until(io, [&] { return over && std::ranges::all_of(results, [](auto& r) { return r.count == 1; }); });
        // What was sent came whole and in order; what was cancelled did not come, or in part at the end.
        std::size_t at = 0;
        for (std::size_t i = 0; i < messages.size(); ++i) {
            if (at < got.size() && got[at] == messages[i])
                ++at;
            else if (!results[i].ec)
                BOOST_TEST(finished.ec == asio::error::bad_descriptor);  // it was closed before it left
            cancelled += results[i].ec ? 1 : 0;
        }
        BOOST_TEST_REQUIRE(at == got.size());
        closed += finished.ec ? 1 : 0;
        io.restart();
        run_ready(io);
    }
    BOOST_TEST(cancelled > rounds / 4);
    BOOST_TEST(closed > 0);
}

// F2: those who begin a message and do not end it.
BOOST_AUTO_TEST_CASE(half_a_message_from_many_costs_little_and_others_are_served) {
    std::deque<local_channel> channels;
    std::deque<local_stream::socket> slow;
    int ended = 0;
    const auto wire = framed(std::string(1000, 's'));
    const long before = resident_kib();
    for (std::size_t i = 0; i < 1000; ++i) {
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        channels.push_back(make(std::move(a)));
        slow.push_back(std::move(b));
        channels.back().async_receive([&](error_code, auto) { ++ended; });
    }
    auto [here, there] = make_channels();
    for (std::size_t at = 0; at < 20; ++at) {
        for (auto& s : slow) asio::write(s, asio::buffer(wire.substr(at, 1)));
        BOOST_TEST(here.try_send("served"));
        BOOST_TEST_REQUIRE(receive_from(there).is("served"));
    }
    BOOST_TEST(ended == 0);
    if (!sanitized) BOOST_TEST(resident_kib() - before < 16 << 10);
    for (auto& c : channels) c.close();
    run_until(io, [&] { return ended == 1000; });
}

// F12, in the middle of everything: each reset ends one channel.
BOOST_AUTO_TEST_CASE(peers_that_die_end_their_own_channel_only) {
    std::minstd_rand random(11);
    int ended = 0, open = 0;
    std::deque<local_channel> channels;
    std::deque<std::optional<local_stream::socket>> peers;
    std::function<void(any_channel&)> serve = [&](any_channel& c) {
        c.async_receive([&](error_code ec, auto m) {
            if (ec || !m) return void(++ended);
            (void)c.try_send(*m);
            serve(c);
        });
    };
    for (int i = 0; i < 100; ++i) {
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        channels.push_back(make(std::move(a)));
        peers.emplace_back(std::move(b));
        serve(channels.back());
    }
    for (int round = 0; round < 2000; ++round) {
        auto& peer = peers[random() % peers.size()];
        if (!peer) continue;
        error_code ignored;
        const auto bytes = framed("message");
        asio::write(*peer, asio::buffer(bytes.substr(0, random() % 4 == 0 ? random() % bytes.size() : bytes.size())),
                    ignored);
        if (random() % 50 == 0) peer.reset();
        io.poll();
    }
    for (auto& p : peers) open += p ? 1 : 0;
    run_ready(io);
    BOOST_TEST(ended >= 100 - open);
    peers.clear();
    run_until(io, [&] { return ended == 100; });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
