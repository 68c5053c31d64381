// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Many that wait for room in the backlog of one server.

#include <parley/core/timeout.hpp>
#include <parley/net/local.hpp>

#include "fault.hpp"
#include "net_tools.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/test/data/test_case.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>

BOOST_AUTO_TEST_SUITE(connect_line_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;
using stream = asio::generic::stream_protocol::socket;

/// A server that accepts only when it is told to.
class slow_server {
public:
    explicit slow_server(const std::string& path, int backlog = 0, int type = SOCK_STREAM) : socket_(type) {
        BOOST_TEST_REQUIRE(socket_.bind(path) == 0);
        BOOST_TEST_REQUIRE(::listen(socket_.fd(), backlog) == 0);
        ::fcntl(socket_.fd(), F_SETFL, O_NONBLOCK);
        for (int i = 0; i <= backlog; ++i) BOOST_TEST_REQUIRE(filling_.emplace_back(type).connect(path) == 0);
    }
    ~slow_server() { accept_all(); }

    /// Whether there was one.
    bool accept() {
        const int fd = ::accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) ::close(fd);
        return fd >= 0;
    }
    void accept_all() {
        while (accept()) {}
    }
    void end() { socket_.close(); }

private:
    raw_socket socket_;
    std::vector<raw_socket> filling_{};
};

struct line_fixture : net_fixture {
    std::vector<std::size_t> done{};  // in the order of their ends
    std::vector<error_code> ends{};

    /// Begins `count` connects, which close at once when they have connected.
    void start(std::size_t count, const connect_options& options = {}) {
        for (std::size_t i = 0; i < count; ++i) {
            const auto number = ends.size();
            ends.emplace_back(asio::error::in_progress);
            async_connect(io.get_executor(), local(), options, [this, number](error_code ec, const stream&) {
                ends[number] = ec;
                done.push_back(number);
            });
        }
    }
    void run_until_done(std::size_t count) {
        run_until(io, [&] { return done.size() >= count; });
    }
    void run_for(std::chrono::milliseconds time) {
        io.restart();
        io.run_for(time);
    }
    bool in_order() const { return std::ranges::is_sorted(done); }
};

std::chrono::microseconds cpu_time() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto of = [](const timeval& t) {
        return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec);
    };
    return of(used.ru_utime) + of(used.ru_stime);
}

BOOST_FIXTURE_TEST_SUITE(connect_line_suite, line_fixture)

BOOST_AUTO_TEST_CASE(those_that_wait_for_a_stopped_server_cost_nothing) {
    slow_server server(path());
    start(15'000);
    run_ready(io);
    const fault connects(sys::call::connect, 0);
    const auto begin = steady::now();
    const auto used = cpu_time();
    run_for(1s);
    // One of them tries, every 50 ms at last; all of them together would have tried 300,000 times.
    BOOST_TEST(connects.seen() <= 10 + (steady::now() - begin) / 50ms);
    BOOST_TEST((cpu_time() - used) < 500ms);
    BOOST_TEST(done.empty());
    server.end();
    run_until_done(15'000);
    BOOST_TEST(std::ranges::count(ends, code(ECONNREFUSED)) == 15'000);
}

BOOST_AUTO_TEST_CASE(the_first_that_came_is_served_first) {
    slow_server server(path());
    start(20);
    run_for(5ms);
    BOOST_TEST(done.empty());
    for (std::size_t i = 1; i <= 10; ++i) {
        BOOST_TEST(server.accept());
        run_until_done(i);
        BOOST_TEST(done.size() == i);
    }
    start(10);  // behind the others, although there may be room
    while (done.size() < 30) {
        server.accept_all();
        run_for(1ms);
    }
    BOOST_TEST(in_order());
    BOOST_TEST(std::ranges::count(ends, error_code()) == 30);
}

BOOST_AUTO_TEST_CASE(a_success_costs_as_much_however_many_wait) {
    for (const std::size_t count : {100u, 3000u}) {
        done.clear(), ends.clear();
        auto server = parley::listen(io.get_executor(), local("?backlog=16")).value();
        const fault connects(sys::call::connect, 0);
        start(count);
        run([](listener& from, std::size_t left) -> task<void> {
            for (; left != 0; --left) co_await from.async_accept(asio::use_awaitable);
        }(server, count));
        run_until_done(count);
        BOOST_TEST(in_order());
        BOOST_TEST(std::ranges::count(ends, error_code()) == static_cast<std::ptrdiff_t>(count));
        BOOST_TEST(static_cast<std::size_t>(connects.seen()) <= 3 * count);
    }
}

BOOST_AUTO_TEST_CASE(room_for_several_is_used_at_once) {
    slow_server server(path(), 63);
    start(64);
    run_for(300ms);  // the pauses have become long
    server.accept_all();
    const fault connects(sys::call::connect, 0);
    run_until_done(64);
    BOOST_TEST(connects.seen() <= 65);  // no pause between them, in which others would have been tried in vain
}

BOOST_AUTO_TEST_CASE(one_socket_serves_all_tries_and_those_behind_have_none) {
    slow_server server(path());
    start(1);
    run_ready(io);
    const fault sockets(sys::call::socket, 0);
    start(50);
    run_for(400ms);
    BOOST_TEST(sockets.seen() <= 1);
    server.accept_all();
    run_until_done(1);
}

// Wherever it stands, and however it leaves.
BOOST_DATA_TEST_CASE(one_that_leaves_lets_the_others_go_on, boost::unit_test::data::make({0, 1, 2}), place) {
    slow_server server(path());
    for (const auto type :
         {asio::cancellation_type::total, asio::cancellation_type::partial, asio::cancellation_type::terminal}) {
        std::vector<asio::cancellation_signal> stops(3);
        std::vector<std::optional<error_code>> told(3);
        for (std::size_t i = 0; i < 3; ++i)
            async_connect(io.get_executor(), local(),
                          asio::bind_cancellation_slot(stops[i].slot(),
                                                       [&told, i](error_code ec, const stream&) { told[i] = ec; }));
        run_for(5ms);
        const auto leaving = static_cast<std::size_t>(place);
        stops[leaving].emit(type);
        run_until(io, [&] { return told[leaving].has_value(); });
        BOOST_TEST(*told[leaving] == asio::error::operation_aborted);
        const auto all = [&] { return std::ranges::all_of(told, [](const auto& t) { return t.has_value(); }); };
        while (!all()) {
            server.accept_all();
            run_for(1ms);
        }
        for (std::size_t i = 0; i < 3; ++i)
            if (i != leaving) BOOST_TEST(!*told[i]);
        server.accept_all();
        BOOST_TEST(raw_socket().connect(path()) == 0);  // it is full again
    }
}

BOOST_AUTO_TEST_CASE(those_whose_time_is_up_leave_the_line) {
    slow_server server(path());
    start(1, {.timeout = 20ms});
    start(1000, {.timeout = 60ms});
    start(1);
    start(1000, {.timeout = 60ms});
    start(1);
    run_until_done(2001);
    BOOST_TEST(std::ranges::count(ends, error_code(asio::error::timed_out)) == 2001);
    BOOST_TEST(ends[1001] == asio::error::in_progress);
    while (done.size() < 2003) {
        server.accept_all();
        run_for(1ms);
    }
    BOOST_TEST(!ends[1001]);
    BOOST_TEST(!ends[2002]);
}

BOOST_AUTO_TEST_CASE(an_error_is_told_to_the_first_and_the_next_one_tries) {
    slow_server server(path());
    start(3);
    run_for(5ms);
    {
        const fault once(sys::call::connect, ECONNRESET, 1, 1);
        run_until_done(1);
    }
    BOOST_TEST(ends[0] == code(ECONNRESET));
    while (done.size() < 3) {
        server.accept_all();
        run_for(1ms);
    }
    BOOST_TEST(!ends[1]);
    BOOST_TEST(!ends[2]);
}

BOOST_AUTO_TEST_CASE(a_socket_that_cannot_be_made_is_the_trouble_of_one) {
    slow_server server(path());
    start(3);
    {
        const fault none(sys::call::socket, EMFILE, 1, 1);
        run_until_done(1);
    }
    BOOST_TEST(ends[0] == code(EMFILE));
    while (done.size() < 3) {
        server.accept_all();
        run_for(1ms);
    }
    BOOST_TEST(!ends[1]);
}

BOOST_AUTO_TEST_CASE(a_context_may_go_with_all_that_wait) {
    slow_server server(path());
    auto own = std::make_unique<asio::io_context>();
    int ended = 0;
    for (int i = 0; i < 100; ++i)
        async_connect(own->get_executor(), local(), {.timeout = i % 2 == 0 ? 1h : 2h},
                      [&](error_code, const stream&) { ++ended; });
    own->run_for(10ms);
    own.reset();
    BOOST_TEST(ended == 0);
}

BOOST_AUTO_TEST_CASE(a_context_whose_line_is_empty_has_no_work_left) {
    slow_server server(path());
    start(10, {.timeout = 10ms});
    io.restart();
    io.run();
    BOOST_TEST(done.size() == 10u);
}

// Servers have lines of their own, and so have kinds of sockets.
BOOST_AUTO_TEST_CASE(one_server_that_is_full_does_not_hold_up_another) {
    slow_server server(path());
    slow_server packets(path("packets"), 0, SOCK_SEQPACKET);
    start(10);
    bool connected = false, packet = false;
    async_connect<local_seqpacket>(io.get_executor(), at("unix-seqpacket:" + path("packets")),
                                   [&](error_code ec, const auto&) { packet = !ec; });
    run_for(5ms);
    auto other = parley::listen(io.get_executor(), at("unix:" + path("other"))).value();
    async_connect(io.get_executor(), at("unix:" + path("other")),
                  [&](error_code ec, const stream&) { connected = !ec; });
    run_until(io, [&] { return connected; });
    BOOST_TEST(done.empty());
    packets.accept_all();
    run_until(io, [&] { return packet; });
    BOOST_TEST(done.empty());
    while (done.size() < 10) {
        server.accept_all();
        run_for(1ms);
    }
}

BOOST_AUTO_TEST_CASE(a_server_of_the_wrong_user_is_refused_behind_a_wait_too) {
    slow_server server(path());
    start(1, {.policy = peer_policy().allow_user(::geteuid() + 1)});
    start(1, {.policy = peer_policy::same_user()});
    while (done.size() < 2) {
        run_for(2ms);
        server.accept_all();
    }
    BOOST_TEST(ends[0] == code(EACCES));
    BOOST_TEST(!ends[1]);
}

BOOST_AUTO_TEST_CASE(threads_and_strands_share_a_line) {
    constexpr int count = 2000;
    asio::io_context busy(4);
    auto server = parley::listen(io.get_executor(), local("?backlog=4")).value();
    std::atomic<int> ended{0}, failed{0};
    std::deque<asio::cancellation_signal> stops(count);
    std::vector<executor> places;
    for (int i = 0; i < count; ++i) places.emplace_back(asio::make_strand(busy.get_executor()));
    for (int i = 0; i < count; ++i) {
        const auto own = static_cast<std::size_t>(i);
        asio::post(places[own], [&, own] {
            async_connect(places[own], local(),
                          asio::bind_executor(places[own], asio::bind_cancellation_slot(
                                                               stops[own].slot(), [&](error_code ec, const stream&) {
                                                                   if (ec) ++failed;
                                                                   ++ended;
                                                               })));
        });
        if (i % 10 == 0)  // some of them leave, from wherever they are
            asio::post(places[own], [&, own] { stops[own].emit(asio::cancellation_type::terminal); });
    }
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { busy.run(); });
    std::optional<error_code> stopped;
    std::size_t accepted = 0;
    asio::co_spawn(
        io,
        [&]() -> task<void> {
            for (;; ++accepted) co_await server.async_accept(asio::use_awaitable);
        },
        [](const std::exception_ptr&) {});
    run_until(io, [&] {
        asio::post(io, [] {});  // so that it looks again
        return ended == count;
    });
    for (auto& each : threads) each.join();
    BOOST_TEST(failed <= count / 10);
    server.close();
    run_ready(io);
}

// The strand of those that stand in front computes for as long as the others wait.
BOOST_DATA_TEST_CASE(an_executor_that_stands_still_holds_up_its_own_connects_only,
                     boost::unit_test::data::make({1u, 2u, 7u, 100u}), in_front) {
    slow_server server(path());
    asio::io_context busy;
    const executor still = asio::make_strand(busy), other = asio::make_strand(busy);
    std::vector<std::promise<error_code>> promised(in_front + 3);
    std::vector<std::future<error_code>> told;
    for (auto& each : promised) told.push_back(each.get_future());
    const auto connect = [&](const executor& on, std::size_t number) {
        asio::post(on, [&, on, number] {
            async_connect(on, local(), [&, number](error_code ec, const stream&) { promised[number].set_value(ec); });
        });
    };
    std::promise<void> stands, goes_on;
    auto until = goes_on.get_future();
    for (std::size_t i = 0; i < in_front; ++i) connect(still, i);
    asio::post(still, [&] {
        stands.set_value();
        until.wait_for(2 * guard);
    });
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) threads.emplace_back([&] { busy.run(); });
    stands.get_future().wait();
    for (std::size_t i = in_front; i < told.size(); ++i) connect(other, i);
    // Serves whoever is there, until that one is done.
    const auto serve = [&](std::size_t number) {
        const auto end = steady::now() + guard;
        while (told[number].wait_for(1ms) != std::future_status::ready && steady::now() < end) server.accept_all();
        return told[number].wait_for(0s) == std::future_status::ready;
    };
    for (std::size_t i = in_front; i < told.size(); ++i) {
        BOOST_TEST(serve(i));
        BOOST_TEST((told[0].wait_for(0s) == std::future_status::timeout));
    }
    goes_on.set_value();
    for (std::size_t i = 0; i < in_front; ++i) BOOST_TEST(serve(i));
    server.end();
    for (auto& each : threads) each.join();
    for (auto& each : told)
        if (each.wait_for(0s) == std::future_status::ready) BOOST_TEST(!each.get());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
