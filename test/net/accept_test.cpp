// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Many accepts at once, and accepts that the kernel refuses.

#include <parley/net/listen.hpp>

#include "captured_log.hpp"
#include "descriptor_limits.hpp"
#include "fault.hpp"
#include "net_tools.hpp"
#include "sanitizers.hpp"
#include "skip.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/test/data/test_case.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(accept_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;
using stream = asio::generic::stream_protocol::socket;

struct accept_fixture : net_fixture {
    std::vector<std::size_t> done{};  // in the order of their ends
    std::vector<error_code> ends{};

    /// Begins `count` accepts, which close at once what they get.
    void start(listener& server, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            const auto number = ends.size();
            ends.emplace_back(asio::error::in_progress);
            server.async_accept([this, number](error_code ec, const stream&) {
                ends[number] = ec;
                done.push_back(number);
            });
        }
    }
    void run_for(std::chrono::milliseconds time) {
        io.restart();
        io.run_for(time);
    }
    void connect(const std::string& to) const { BOOST_TEST(raw_socket().connect(to) == 0); }
};

std::ptrdiff_t lines_of(const captured_log& log) {
    const auto text = log.text();
    return std::ranges::count(text, '\n');
}

BOOST_FIXTURE_TEST_SUITE(accept_suite, accept_fixture)

BOOST_AUTO_TEST_CASE(a_connection_wakes_one_accept_however_many_wait) {
    auto server = parley::listen(io.get_executor(), local()).value();
    start(server, 2000);
    run_ready(io);
    const fault accepts(sys::call::accept, 0);
    for (std::size_t i = 1; i <= 100; ++i) {
        connect(path());
        run_until(io, [&] { return done.size() == i; });
        run_ready(io);
    }
    BOOST_TEST(accepts.seen() <= 201);
    BOOST_TEST(std::ranges::is_sorted(done));
    server.close();
    run_until(io, [&] { return done.size() == 2000; });
    BOOST_TEST(std::ranges::count(ends, error_code(asio::error::operation_aborted)) == 1900);
}

BOOST_AUTO_TEST_CASE(a_burst_is_accepted_without_a_wait_in_between) {
    auto server = parley::listen(io.get_executor(), local()).value();
    start(server, 50);
    run_ready(io);
    for (int i = 0; i < 50; ++i) connect(path());
    const fault accepts(sys::call::accept, 0);
    run_until(io, [&] { return done.size() == 50; });
    BOOST_TEST(accepts.seen() == 50);
}

// The one that waits for the kernel, the next one, and one behind.
BOOST_DATA_TEST_CASE(an_accept_that_is_cancelled_lets_the_others_go_on, boost::unit_test::data::make({0, 1, 2}),
                     place) {
    auto server = parley::listen(io.get_executor(), local()).value();
    for (const bool connected_before : {false, true}) {
        std::vector<asio::cancellation_signal> stops(3);
        std::vector<std::optional<error_code>> told(3);
        for (std::size_t i = 0; i < 3; ++i)
            server.async_accept(asio::bind_cancellation_slot(
                stops[i].slot(), [&told, i](error_code ec, const stream&) { told[i] = ec; }));
        run_ready(io);
        const auto leaving = static_cast<std::size_t>(place);
        if (connected_before) {
            connect(path());
            io.restart();
            io.run_one_for(1s);  // the first has it, and whoever is next has been called
        }
        stops[leaving].emit(asio::cancellation_type::total);
        const auto all = [&] { return std::ranges::all_of(told, [](const auto& t) { return t.has_value(); }); };
        for (int i = connected_before ? 1 : 0; i < 3; ++i) connect(path());
        run_until(io, all);
        // No connection is lost: an accept that was cancelled too late has one.
        int got = 0, aborted = 0;
        for (const auto& t : told) {
            got += !*t ? 1 : 0;
            aborted += *t == asio::error::operation_aborted ? 1 : 0;
        }
        BOOST_TEST(got + aborted == 3);
        BOOST_TEST(aborted <= 1);
        if (!connected_before) BOOST_TEST((told[leaving] == asio::error::operation_aborted));
        for (int left = 3 - got; left > 0; --left)
            BOOST_TEST(run([](listener& from) -> task<bool> {
                const auto s = co_await from.async_accept(asio::use_awaitable);
                co_return s.is_open();
            }(server)));
    }
}

// Another process takes the connection, and the accept is cancelled before it sees that.
BOOST_AUTO_TEST_CASE(a_cancellation_between_two_waits_is_not_lost) {
    auto server = parley::listen(io.get_executor(), local()).value();
    asio::cancellation_signal stop;
    std::optional<error_code> ended;
    server.async_accept(asio::bind_cancellation_slot(stop.slot(), [&](error_code ec, const stream&) { ended = ec; }));
    run_ready(io);
    connect(path());
    asio::post(io, [&] {  // runs between the kernel's word and the handler that hears it
        const int taken = ::accept4(server.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
        BOOST_TEST(taken >= 0);
        ::close(taken);
        stop.emit(asio::cancellation_type::total);
    });
    run_until(io, [&] { return ended.has_value(); });
    BOOST_TEST((ended == asio::error::operation_aborted));
}

// The same by the listener's own functions, on a strand: the kernel's word has left the reactor and waits for its turn.
BOOST_DATA_TEST_CASE(a_listener_that_is_cancelled_between_two_waits_ends_its_accept,
                     boost::unit_test::data::make({"cancel", "close", "release"}) *
                         boost::unit_test::data::make({"refused", "taken"}),
                     how, gone) {
    const std::string function(how);
    const bool by_policy = std::string(gone) == "refused";
    const auto strand = asio::make_strand(io);
    listen_options options;
    if (by_policy) options.policy = peer_policy();  // no user
    auto server = parley::listen(executor(strand), local(), options).value();
    start(server, 2);
    run_ready(io);
    raw_socket client;
    BOOST_TEST(client.connect(path()) == 0);
    unique_fd given_away;
    asio::post(io, [&] {  // before the reactor looks: this stands in the strand before the handler of the wait
        asio::post(strand, [&] {
            if (!by_policy) ::close(::accept4(server.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
            if (function == "cancel") server.cancel();
            if (function == "close") server.close();
            if (function == "release") given_away = server.release();
        });
    });
    run_until(io, [&] { return done.size() == 2; });
    for (const auto& end : ends) BOOST_TEST(end == asio::error::operation_aborted);
    BOOST_TEST(server.is_open() == (function == "cancel"));
    if (function != "cancel" || by_policy) return;
    start(server, 1);  // the listener stays
    run_ready(io);
    connect(path());
    run_until(io, [&] { return done.size() == 3; });
    BOOST_TEST(!ends[2]);
}

BOOST_AUTO_TEST_CASE(one_behind_may_leave_during_a_pause) {
    const captured_log log;
    auto server = parley::listen(io.get_executor(), local(), {.pause = 20ms}).value();
    connect(path());
    asio::cancellation_signal stop;
    std::optional<error_code> ended;
    {
        const fault none(sys::call::accept, EMFILE);
        start(server, 1);
        server.async_accept(
            asio::bind_cancellation_slot(stop.slot(), [&](error_code ec, const stream&) { ended = ec; }));
        run_ready(io);
        stop.emit(asio::cancellation_type::total);
        run_until(io, [&] { return ended.has_value(); });
        BOOST_TEST((ended == asio::error::operation_aborted));
        BOOST_TEST(done.empty());
    }
    run_until(io, [&] { return done.size() == 1; });
    BOOST_TEST(!ends[0]);
}

BOOST_AUTO_TEST_CASE(closing_ends_those_that_wait_behind_too) {
    auto server = parley::listen(io.get_executor(), local()).value();
    start(server, 10);
    run_ready(io);
    connect(path());
    server.close();
    run_until(io, [&] { return done.size() == 10; });
    BOOST_TEST(std::ranges::count(ends, error_code(asio::error::operation_aborted)) == 10);
}

BOOST_AUTO_TEST_CASE(a_context_may_go_with_all_accepts) {
    const captured_log log;
    auto own = std::make_unique<asio::io_context>();
    auto server = parley::listen(own->get_executor(), local()).value();
    start(server, 10);
    const fault none(sys::call::accept, EMFILE);
    auto paused = parley::listen(own->get_executor(), at("unix:" + path("paused"))).value();
    start(paused, 10);
    own->poll();
    { auto gone = std::move(server), too = std::move(paused); }
    own.reset();
    BOOST_TEST(done.empty());
}

BOOST_AUTO_TEST_CASE(those_that_are_refused_do_not_hold_up_the_loop) {
    constexpr int count = 300;
    auto server =
        parley::listen(io.get_executor(), local(), {.policy = peer_policy().allow_user(::geteuid() + 1)}).value();
    for (int i = 0; i < count; ++i) connect(path());
    const fault accepts(sys::call::accept, 0);
    start(server, 1);
    BOOST_TEST(accepts.seen() <= 64);
    int turns = 0;
    while (server.counters().refused != count) {
        const int before = accepts.seen();
        io.restart();
        BOOST_TEST_REQUIRE(io.run_one_for(10s) == 1u);
        BOOST_TEST(accepts.seen() - before <= 64);
        ++turns;
    }
    BOOST_TEST(turns >= 4);
    BOOST_TEST(done.empty());
    server.close();
    run_ready(io);
}

// Errors that may be those of one connection, and never end.
BOOST_DATA_TEST_CASE(what_the_kernel_refuses_for_ever_does_not_spin,
                     boost::unit_test::data::make({EPERM, ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT}), refusal) {
    const captured_log log;
    auto server = parley::listen(io.get_executor(), local(), {.pause = 50ms}).value();
    connect(path());
    {
        const fault refused(sys::call::accept, refusal);
        start(server, 3);
        const auto begin = steady::now();
        run_for(400ms);
        BOOST_TEST(refused.seen() <= 18 + (steady::now() - begin) / 50ms);
        BOOST_TEST(refused.seen() >= 3);
        BOOST_TEST(done.empty());
    }
    run_until(io, [&] { return done.size() == 1; });
    BOOST_TEST(!ends[0]);
    BOOST_TEST(server.counters().pauses > 0u);
    BOOST_TEST(lines_of(log) == 1);
    BOOST_TEST(log.has(path()));
    connect(path());
    connect(path());
    run_until(io, [&] { return done.size() == 3; });
}

BOOST_AUTO_TEST_CASE(listeners_without_descriptors_try_one_at_a_time) {
    constexpr std::size_t count = 100;
    const captured_log log;
    std::vector<listener> servers;
    for (std::size_t i = 0; i < count; ++i) {
        const auto name = path(std::to_string(i));
        servers.push_back(parley::listen(io.get_executor(), at("unix:" + name), {.pause = 50ms}).value());
        connect(name);
    }
    {
        const fault none(sys::call::accept, EMFILE);
        for (auto& each : servers) start(each, 2);
        run_ready(io);
        const int before = none.seen();
        BOOST_TEST(static_cast<std::size_t>(before) <= count);
        const auto begin = steady::now();
        run_for(500ms);
        BOOST_TEST(none.seen() - before <= 1 + (steady::now() - begin) / 50ms);
        BOOST_TEST(done.empty());
    }
    // There are some again: all are served, one behind the other, without a pause in between.
    const auto begin = steady::now();
    run_until(io, [&] { return done.size() == count; });
    BOOST_TEST((steady::now() - begin) < 50ms * count / 4);
    BOOST_TEST(lines_of(log) == 1);
    for (std::size_t i = 0; i < count; ++i) BOOST_TEST(!ends[2 * i]);
    for (auto& each : servers) each.close();
    run_ready(io);
    BOOST_TEST(done.size() == 2 * count);
}

// The strand of the listener that tries computes for as long as the other one waits.
BOOST_AUTO_TEST_CASE(an_executor_that_stands_still_holds_up_its_own_listeners_only) {
    const captured_log log;
    asio::io_context busy;
    const executor still = asio::make_strand(busy), other = asio::make_strand(busy);
    auto first = parley::listen(still, at("unix:" + path("first")), {.pause = 5ms}).value();
    auto second = parley::listen(other, local(), {.pause = 5ms}).value();
    connect(path("first"));
    connect(path());
    std::promise<error_code> promised[2];
    std::future<error_code> told[] = {promised[0].get_future(), promised[1].get_future()};
    std::promise<void> stands, goes_on;
    auto until = goes_on.get_future();
    std::vector<std::thread> threads;
    {
        const fault none(sys::call::accept, EMFILE);
        first.async_accept([&](error_code ec, const stream&) { promised[0].set_value(ec); });
        second.async_accept([&](error_code ec, const stream&) { promised[1].set_value(ec); });
        asio::post(still, [&] {
            stands.set_value();
            until.wait_for(2 * guard);
        });
        for (int i = 0; i < 2; ++i) threads.emplace_back([&] { busy.run(); });
        stands.get_future().wait();
    }
    BOOST_TEST((told[1].wait_for(guard) == std::future_status::ready));
    BOOST_TEST((told[0].wait_for(0s) == std::future_status::timeout));
    goes_on.set_value();
    for (auto& each : told) BOOST_TEST(!each.get());
    for (auto& each : threads) each.join();
}

BOOST_AUTO_TEST_CASE(the_longest_pause_there_is_does_not_spin) {
    const captured_log log;
    auto server = parley::listen(io.get_executor(), local(), {.pause = std::chrono::milliseconds::max()}).value();
    connect(path());
    const fault none(sys::call::accept, EMFILE);
    start(server, 1);
    run_for(50ms);
    BOOST_TEST(none.seen() == 1);
    server.close();
    run_ready(io);
}

BOOST_AUTO_TEST_CASE(a_long_pause_of_one_listener_is_its_own) {
    const captured_log log;
    auto slow = parley::listen(io.get_executor(), at("unix:" + path("slow")), {.pause = 1h}).value();
    auto quick = parley::listen(io.get_executor(), local(), {.pause = 5ms}).value();
    connect(path("slow"));
    connect(path());
    {
        const fault none(sys::call::accept, ENFILE);
        start(slow, 1);
        start(quick, 1);
        run_for(20ms);
    }
    run_until(io, [&] { return done.size() == 1; });
    BOOST_TEST(done[0] == 1u);
    slow.close();
    run_ready(io);
}

// Descriptors become free and are used up again: that is one shortage, which is said once.
BOOST_AUTO_TEST_CASE(connections_that_come_and_go_at_the_limit_are_one_line_in_the_log) {
    if constexpr (under_asan)
        return skip_case("UndefinedBehaviorSanitizer needs descriptors of its own when it meets a new type");
    const captured_log log;
    auto server = parley::listen(io.get_executor(), local(), {.pause = 5ms}).value();
    std::vector<raw_socket> clients;
    for (int i = 0; i < 30; ++i) BOOST_TEST(clients.emplace_back().connect(path()) == 0);
    std::size_t served = 0;
    std::vector<stream> open;
    const descriptor_limit few(3);
    asio::co_spawn(
        io,
        [&]() -> task<void> {
            for (; served < clients.size(); ++served) {
                stream session = co_await server.async_accept(asio::use_awaitable);
                open.push_back(std::move(session));
            }
        },
        [](std::exception_ptr e) { BOOST_TEST(!e); });
    asio::steady_timer closing(io);
    std::function<void(error_code)> close_some = [&](error_code ec) {
        if (ec) return;
        open.clear();
        closing.expires_after(15ms);
        closing.async_wait(close_some);
    };
    close_some({});
    run_until(io, [&] { return served == clients.size(); });
    closing.cancel();
    run_ready(io);
    BOOST_TEST(server.counters().pauses > 3u);
    BOOST_TEST(lines_of(log) == 1);
}

BOOST_AUTO_TEST_CASE(a_listener_without_a_socket_says_so) {
    auto moved = parley::listen(io.get_executor(), local()).value();
    auto other = std::move(moved);
    listener made;
    for (listener* each : {&moved, &made}) {
        BOOST_TEST(!each->is_open());
        BOOST_TEST(each->native_handle() == -1);
        BOOST_TEST(each->counters().accepted == 0u);
        BOOST_CHECK_EXCEPTION(static_cast<void>(each->local_address()), boost::system::system_error,
                              [](const auto& e) { return e.code() == asio::error::bad_descriptor; });
        each->cancel();
        each->close();
        BOOST_TEST(!each->release());
        std::optional<error_code> ended;
        each->async_accept(asio::bind_executor(io.get_executor(), [&](error_code ec, const stream&) { ended = ec; }));
        BOOST_TEST(!ended);
        run_until(io, [&] { return ended.has_value(); });
        BOOST_TEST((ended == asio::error::bad_descriptor));
        run([](listener& from) -> task<void> {
            error_code ec;
            co_await from.async_accept(asio::redirect_error(asio::use_awaitable, ec));
            BOOST_TEST(ec == asio::error::bad_descriptor);
        }(*each));
    }
    BOOST_TEST((moved.get_executor() == io.get_executor()));
    // A handler without an executor of its own runs where the listener was made, or where the socket was to be.
    asio::io_context elsewhere;
    for (auto* const place : {&io, &elsewhere}) {
        std::promise<std::thread::id> ran;
        auto told = ran.get_future();
        const auto note = [&](error_code ec, const stream&) {
            BOOST_TEST((ec == asio::error::bad_descriptor));
            ran.set_value(std::this_thread::get_id());
        };
        if (place == &io)
            moved.async_accept(note);
        else
            moved.async_accept(elsewhere.get_executor(), note);
        place->restart();
        place->run();
        BOOST_TEST_REQUIRE((told.wait_for(guard) == std::future_status::ready));
        BOOST_TEST((told.get() == std::this_thread::get_id()));
    }
    made = std::move(other);
    BOOST_TEST(made.is_open());
    connect(path());
    BOOST_TEST(run([](listener& from) -> task<bool> {
        const auto s = co_await from.async_accept(asio::use_awaitable);
        co_return s.is_open();
    }(made)));
    auto& self = made;
    made = std::move(self);
    BOOST_TEST(made.is_open());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
