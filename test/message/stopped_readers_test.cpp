// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Fault F3: for a minute, peers that were stopped are published to.

#include "channel_tools.hpp"

#include "core/syscall.hpp"
#include "forked.hpp"
#include "resident_memory.hpp"
#include "sanitizers.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <sys/wait.h>

BOOST_AUTO_TEST_SUITE(stopped_readers_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t peers = 200;
constexpr std::size_t queue = (sanitized ? 64 : 256) << 10;  // bytes for each peer
constexpr std::size_t message_size = 1000;
constexpr auto pace = 5ms;  // of the publisher: 200 KB each time, 12 MB for each peer in a minute
constexpr int rounds_per_second = 1s / pace;
constexpr int seconds = sanitized ? 5 : 60;

std::size_t number_of(std::string_view message) { return std::strtoul(std::string(message).c_str(), nullptr, 10); }

// All that still comes: whole messages, each newer than the one before, and the newest of all. Gives how many.
task<std::size_t> newer_messages_until_end(any_channel& from, std::size_t newest) {
    std::size_t count = 0, last = 0;
    while (const auto m = co_await from.async_receive()) {
        const auto number = number_of(*m);
        if (number <= last || !is_numbered(*m, number)) co_return 0;
        last = number, ++count;
    }
    co_return last == newest ? count : 0;
}

// The other process: takes the first message on each socket, stops, and when it is continued takes what there is.
int read_stop_and_read_on(std::vector<unique_fd> sockets, std::size_t newest) {
    asio::io_context io;
    std::deque<local_channel> channels;
    for (auto& s : sockets)
        channels.emplace_back(local_stream::socket(io, local_stream(), s.release()), length_prefix());
    run_task(io, [](std::deque<local_channel>& all) -> task<> {
        for (auto& c : all) co_await c.async_receive();
    }(channels));
    std::raise(SIGSTOP);
    return run_task(io, [](std::deque<local_channel>& all, std::size_t n) -> task<int> {
        for (auto& c : all) {
            const auto count = co_await newer_messages_until_end(c, n);
            if (count == 0 || count == n) co_return 1;
        }
        co_return 0;
    }(channels, newest));
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(stopped_readers_suite, channel_fixture)

BOOST_AUTO_TEST_CASE(for_a_minute_stopped_readers_cost_what_their_queues_hold_and_others_get_everything) {
    const std::size_t all = static_cast<std::size_t>(seconds) * rounds_per_second;
    std::vector<unique_fd> ours, theirs;
    for (std::size_t i = 0; i < peers; ++i) {
        auto ends = sys::socket_pair(SOCK_STREAM | SOCK_NONBLOCK).value();
        ours.push_back(std::move(ends.first));
        theirs.push_back(std::move(ends.second));
    }
    forked stopped([&] {
        ours.clear();
        return read_stop_and_read_on(std::move(theirs), all);
    });
    theirs.clear();

    std::deque<local_channel> channels;
    for (auto& fd : ours)
        channels.push_back(make(local_stream::socket(io, local_stream(), fd.release()),
                                {.queue_bytes = queue, .when_full = full_queue::drop_oldest}));
    auto [here, there] = make_channels({.queue_bytes = queue, .when_full = full_queue::drop_oldest});
    std::size_t served = 0;
    std::function<void()> serve = [&, &reader = there] {
        reader.async_receive([&](error_code ec, auto m) {
            if (ec || !m) return;
            BOOST_TEST_REQUIRE(is_numbered(*m, served++));
            serve();
        });
    };
    serve();
    const auto publish = [&, &well_behaved = here](std::size_t number) {
        const auto message = numbered(number, message_size);
        std::size_t taken = well_behaved.try_send(message) ? 1 : 0;
        for (auto& c : channels) taken += c.try_send(message) ? 1 : 0;
        BOOST_TEST_REQUIRE(taken == peers + 1);
    };
    publish(0);
    run_until(io, [&] { return channels.front().counters().messages_sent == 1; });
    run_ready(io);
    BOOST_TEST_REQUIRE(WIFSTOPPED(stopped.wait(true)));

    const long before = resident_kib();
    constexpr long allowed = static_cast<long>((peers * queue >> 10) + (32 << 10));
    asio::steady_timer clock(io);
    std::size_t number = 0;
    long most = 0;
    auto next = std::chrono::steady_clock::now();
    for (int second = 0; second < seconds; ++second) {
        for (int round = 0; round < rounds_per_second; ++round) {
            publish(++number);
            bool time_for_more = false;
            clock.expires_at(next += pace);
            clock.async_wait([&](error_code) { time_for_more = true; });
            run_until(io, [&] { return time_for_more; });
        }
        most = std::max(most, resident_kib() - before);
        if (!sanitized) BOOST_TEST_REQUIRE(most < allowed, most << " KiB after " << second << " s");
    }
    run_until(io, [&] { return served == all + 1; });
    BOOST_TEST(here.counters().dropped == 0u);
    for (auto& c : channels) {
        BOOST_TEST_REQUIRE(c.counters().queued_bytes <= queue);
        BOOST_TEST_REQUIRE(c.counters().dropped > (sanitized ? 0u : all / 2));
    }
    BOOST_TEST_MESSAGE("at most " << most << " KiB more, " << allowed << " allowed");

    // Whoever is continued goes on with what is left for him.
    ::kill(stopped.pid(), SIGCONT);
    std::size_t closed = 0;
    for (auto& c : channels)
        c.async_shutdown([&](error_code ec) {
            BOOST_TEST(!ec);
            ++closed;
        });
    run_until(io, [&] { return closed == peers; });
    BOOST_TEST(stopped.wait() == 0);
    there.close();
    run_ready(io);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
