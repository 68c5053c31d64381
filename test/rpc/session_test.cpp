// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a peer can do wrong, and what becomes of calls when they are given up: fault rows F8, F9.

#include "rpc_tools.hpp"
#include "sanitizers.hpp"

#include <parley/core/timeout.hpp>

#include "rpc/message_pack.hpp"
#include "rpc/session.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace parley::test {
namespace {

/// A value whose codec fails.
struct unwilling {};

}  // namespace
}  // namespace parley::test

template <>
struct parley::rpc::codec<parley::test::unwilling> {
    static void encode(encoder&, const test::unwilling&) { throw std::runtime_error("not today"); }
    static value schema() { return object(); }
};

namespace parley::test {
namespace {

std::string reply_to(std::uint32_t id, int result) {
    return R"({"jsonrpc":"2.0","result":)" + std::to_string(result) + R"(,"id":)" + std::to_string(id) + "}";
}

/// The handler of a call, and what came.
struct called {
    int count = 0;
    int result = 0;
    error_code ec{};
    std::string what{};

    auto handler() {
        return [this](const std::exception_ptr& failure, int r) {
            ++count;
            result = r;
            if (!failure) return;
            try {
                std::rethrow_exception(failure);
            } catch (const rpc::call_error& e) {
                ec = e.code();
                what = e.what();
            }
        };
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(session_suite, rpc_fixture)

BOOST_AUTO_TEST_CASE(an_answer_to_no_call_reaches_nobody) {
    auto [client, server] = connect_to_bare(rpc::json_rpc());
    called call;
    client.prepare_call<int>("f")(call.handler());
    BOOST_TEST(receive_from(server).message.has_value());
    for (const char* other : {"2", "0", "4294967295", "4294967296", "-1", "1.5", "\"1\"", "null"})
        BOOST_TEST(!send_to(server, std::string(R"({"jsonrpc":"2.0","result":666,"id":)") + other + "}"));
    BOOST_TEST(!send_to(server, R"({"jsonrpc":"2.0","result":666})"));
    BOOST_TEST(!send_to(server, reply_to(1, 5)));
    run_until(io, [&] { return call.count != 0; });
    BOOST_TEST(call.result == 5);
    BOOST_TEST(client.counters().unknown_answers == 9u);
    BOOST_TEST(client.counters().late_answers == 0u);
}

BOOST_AUTO_TEST_CASE(a_second_answer_reaches_nobody) {
    auto [client, server] = connect_to_bare(rpc::json_rpc());
    called first, second;
    client.prepare_call<int>("f")(first.handler());
    BOOST_TEST(!send_to(server, reply_to(1, 5)));
    BOOST_TEST(!send_to(server, reply_to(1, 6)));
    run_until(io, [&] { return client.counters().late_answers == 1; });
    BOOST_TEST(first.count == 1);
    BOOST_TEST(first.result == 5);
    client.prepare_call<int>("f")(second.handler());
    BOOST_TEST(!send_to(server, reply_to(1, 7)));
    BOOST_TEST(!send_to(server, reply_to(2, 8)));
    run_until(io, [&] { return second.count == 1; });
    BOOST_TEST(second.result == 8);
    BOOST_TEST(client.counters().late_answers == 2u);
}

BOOST_AUTO_TEST_CASE(ids_wrap_and_pass_over_those_in_use) {
    rpc::detail::waiting_calls* known = nullptr;
    rpc::detail::waiting_calls calls(&known);
    struct nothing final : rpc::detail::waiting_call {
        void complete(rpc::element, bool) override {}
        void fail(const rpc::call_error&) override {}
        asio::cancellation_slot slot() const override { return {}; }
        executor get_executor() const override { return {}; }
    };
    std::uint32_t next = 4294967291u;  // 2^32 - 5
    std::vector<std::uint32_t> ids;
    for (int i = 0; i < 8; ++i) ids.push_back(calls.add(std::make_unique<nothing>(), next, false).id);
    BOOST_TEST(
        (ids == std::vector<std::uint32_t>{4294967291u, 4294967292u, 4294967293u, 4294967294u, 4294967295u, 1, 2, 3}));
    // One that stays: its place is passed over each time round.
    for (const auto id : ids)
        if (id != 4294967293u) BOOST_TEST((calls.take(id) != nullptr));
    for (int i = 0; i < 100; ++i) {
        const auto id = calls.add(std::make_unique<nothing>(), next, false).id;
        BOOST_TEST(id % 16 != 4294967293u % 16);
        BOOST_TEST((calls.take(id) != nullptr));
        BOOST_TEST((calls.take(id) == nullptr));
    }
    BOOST_TEST((calls.find(4294967293u) != nullptr));
    // Growing loses none.
    ids.clear();
    for (int i = 0; i < 1000; ++i) ids.push_back(calls.add(std::make_unique<nothing>(), next, false).id);
    for (const auto id : ids) BOOST_TEST((calls.take(id) != nullptr));
    BOOST_TEST((calls.take(4294967293u) != nullptr));
    BOOST_TEST(calls.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_a_call_and_tells_the_other_side) {
    auto [client, server] = connect_to_bare(rpc::json_rpc());
    called late, other;
    client.prepare_call<int>({.deadline = std::chrono::milliseconds(1)}, "slow")(late.handler());
    BOOST_TEST(*receive_from(server).message == R"({"jsonrpc":"2.0","method":"slow","id":1})");
    BOOST_TEST(*receive_from(server).message == R"({"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}})");
    BOOST_TEST(late.count == 1);
    BOOST_TEST(late.ec == asio::error::timed_out);
    BOOST_TEST(late.what.starts_with("slow: "));
    client.prepare_call<int>("next")(other.handler());
    BOOST_TEST(!send_to(server, reply_to(1, 1)));
    BOOST_TEST(!send_to(server, reply_to(2, 2)));
    run_until(io, [&] { return other.count == 1; });
    BOOST_TEST(other.result == 2);
    BOOST_TEST(client.counters().late_answers == 1u);
}

BOOST_AUTO_TEST_CASE(a_connection_has_a_deadline_for_all_calls) {
    auto [client, server] = connect_to_bare(rpc::message_pack_rpc(), {}, {.deadline = std::chrono::milliseconds(1)});
    called late;
    client.prepare_call<int>("slow")(late.handler());
    run_until(io, [&] { return late.count == 1; });
    BOOST_TEST(late.ec == asio::error::timed_out);
}

BOOST_AUTO_TEST_CASE(a_cancelled_call_ends_and_its_handler_on_the_other_side) {
    rpc::router calls;
    int began = 0;
    error_code ended;
    calls.on("wait", [&]() -> task<int> {
        ++began;
        asio::steady_timer never(io, asio::steady_timer::time_point::max());
        co_await never.async_wait(asio::redirect_error(asio::use_awaitable, ended));
        throw boost::system::system_error(ended);
    });
    auto [client, server] = connect(rpc::json_rpc(), calls);
    for (const auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        asio::cancellation_signal signal;
        called call;
        began = 0;
        ended = {};
        client.prepare_call<int>("wait")(asio::bind_cancellation_slot(signal.slot(), call.handler()));
        run_until(io, [&] { return began == 1; });
        signal.emit(type);
        BOOST_TEST(call.count == 0);  // not from within
        run_until(io, [&] { return call.count == 1; });
        BOOST_TEST(call.ec == asio::error::operation_aborted);
        run_until(io, [&] { return server.counters().running == 0; });
        BOOST_TEST(ended == asio::error::operation_aborted);
    }
    run_until(io, [&] { return client.counters().late_answers == 3; });
    BOOST_TEST(server.counters().faults == 3u);
}

BOOST_AUTO_TEST_CASE(with_timeout_ends_a_call_too) {
    auto [client, server] = connect_to_bare(rpc::json_rpc());
    const auto failure = failure_in_coroutine([](rpc::connection& c) -> task<> {
        co_await with_timeout(c.prepare_call<int>("slow"), std::chrono::milliseconds(1), asio::use_awaitable);
    }(client));
    BOOST_TEST(failure == error_code(asio::error::timed_out));
    BOOST_TEST(client.counters().waiting == 0u);
}

BOOST_AUTO_TEST_CASE(calls_end_with_the_connection) {
    for (const bool by_peer : {true, false}) {
        auto [client, server] = connect_to_bare(rpc::json_rpc());
        called call, later;
        client.prepare_call<int>("f")(call.handler());
        BOOST_TEST(receive_from(server).message.has_value());
        if (by_peer)
            server.close();
        else
            client.close();
        run_until(io, [&] { return call.count == 1; });
        BOOST_TEST(call.ec == make_error_code(rpc::errc::disconnected));
        BOOST_TEST(!client.is_open());
        client.prepare_call<int>("f")(later.handler());
        BOOST_TEST(later.count == 0);
        run_until(io, [&] { return later.count == 1; });
        BOOST_TEST(later.ec == asio::error::bad_descriptor);
        BOOST_TEST(!client.try_notify("f"));
    }
}

BOOST_AUTO_TEST_CASE(the_end_can_be_waited_for) {
    auto [client, server] = connect_to_bare(rpc::json_rpc());
    done clean, closed, invalid;
    client.async_wait(clean.handler());
    server.close();
    run_until(io, [&] { return clean.count == 1; });
    BOOST_TEST(!clean.ec);
    auto [second, other] = connect_to_bare(rpc::json_rpc());
    second.async_wait(closed.handler());
    second.close();
    run_until(io, [&] { return closed.count == 1; });
    BOOST_TEST(closed.ec == asio::error::operation_aborted);
    auto [third, sender] = connect_to_bare(rpc::message_pack_rpc());
    third.async_wait(invalid.handler());
    BOOST_TEST(!send_to(sender, "\x01"));
    run_until(io, [&] { return invalid.count == 1; });
    BOOST_TEST(invalid.ec == make_error_code(rpc::errc::invalid_request));
    BOOST_TEST(third.failure().context() == "message 1: an array of 3 or 4 values was expected");
}

BOOST_AUTO_TEST_CASE(handlers_are_cancelled_when_their_caller_goes) {
    for (const auto& protocol : {rpc::json_rpc(), rpc::message_pack_rpc(), rpc::varlink()}) {
        rpc::router calls;
        bool ended = false;
        calls.on("a.wait", [&](rpc::context& c) -> task<int> {
            asio::steady_timer never(io, asio::steady_timer::time_point::max());
            error_code ec;
            co_await never.async_wait(asio::redirect_error(asio::use_awaitable, ec));
            ended = ec == asio::error::operation_aborted && c.cancelled();
            co_return 1;
        });
        auto [client, server] = connect(protocol, calls);
        client.prepare_call<int>("a.wait")([](auto&&...) {});
        run_until(io, [&] { return server.counters().running == 1; });
        client.close();
        run_until(io, [&] { return ended; });
        run_until(io, [&] { return server.counters().running == 0; });
    }
}

BOOST_AUTO_TEST_CASE(too_many_calls_fail_at_once) {
    auto [client, server] = connect_to_bare(rpc::json_rpc(), {}, {.calls_waiting = 10});
    std::vector<called> calls(12);
    for (auto& call : calls) client.prepare_call<int>("f")(call.handler());
    run_until(io, [&] { return calls[11].count == 1; });
    BOOST_TEST(calls[10].ec == make_error_code(rpc::errc::too_many_calls));
    BOOST_TEST(calls[9].count == 0);
    BOOST_TEST(client.counters().waiting == 10u);
    client.close();
    run_until(io, [&] { return calls[9].count == 1; });
}

BOOST_AUTO_TEST_CASE(a_million_unanswered_calls_take_bounded_memory) {
    auto [client, server] = connect_to_bare(rpc::message_pack_rpc(), {}, {.calls_waiting = 1000});
    std::size_t refused = 0, other = 0;
    constexpr std::size_t all = sanitized ? 50000 : 1000000;
    for (std::size_t i = 0; i < all; ++i) {
        client.prepare_call<int>("f", i)([&](const std::exception_ptr& failure, int) {
            try {
                std::rethrow_exception(failure);
            } catch (const rpc::call_error& e) {
                ++(e.code() == make_error_code(rpc::errc::too_many_calls) ? refused : other);
            }
        });
        if (i % 1000 == 999) run_ready(io);
    }
    BOOST_TEST(client.counters().waiting == 1000u);
    client.close();
    run_until(io, [&] { return refused + other == all; });
    BOOST_TEST(refused == all - 1000);
}

BOOST_AUTO_TEST_CASE(too_many_handlers_are_answered_with_busy) {
    for (const auto& protocol : both()) {
        rpc::router calls;
        asio::steady_timer gate(io, asio::steady_timer::time_point::max());
        calls.on("wait", [&]() -> task<int> {
            error_code ignored;
            co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            co_return 1;
        });
        auto [client, server] = connect(protocol, calls, {}, {}, {.calls_running = 2});
        std::vector<called> made(3);
        for (auto& call : made) client.prepare_call<int>("wait")(call.handler());
        run_until(io, [&] { return made[2].count == 1; });
        BOOST_TEST(made[2].ec == make_error_code(rpc::errc::busy));
        BOOST_TEST(server.counters().refused == 1u);
        gate.cancel();
        run_until(io, [&] { return made[0].count == 1 && made[1].count == 1; });
        BOOST_TEST(!made[1].ec);
    }
}

BOOST_AUTO_TEST_CASE(notifications_that_are_too_many_are_dropped_and_counted) {
    for (const auto& protocol : both()) {
        rpc::router calls;
        asio::steady_timer gate(io, asio::steady_timer::time_point::max());
        calls.on("wait", [&]() -> task<> {
            error_code ignored;
            co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        });
        auto [client, server] = connect(protocol, calls, {}, {}, {.calls_running = 2});
        for (int i = 0; i < 5; ++i) BOOST_TEST(client.try_notify("wait"));
        run_until(io, [&] { return server.counters().notified == 5; });
        BOOST_TEST(server.counters().running == 2u);
        BOOST_TEST(server.counters().refused == 3u);
        gate.cancel();
        run_until(io, [&] { return server.counters().running == 0; });
        BOOST_TEST(client.counters().unknown_answers == 0u);
    }
}

BOOST_AUTO_TEST_CASE(too_many_calls_in_a_second_are_answered_with_busy) {
    rpc::router calls;
    calls.on("f", [] { return 1; });
    auto [client, server] = connect(rpc::json_rpc(), calls, {}, {}, {.calls_per_second = 5});
    std::vector<called> made(20);
    for (auto& call : made) client.prepare_call<int>("f")(call.handler());
    run_until(io, [&] { return made[19].count == 1; });
    BOOST_TEST(made[0].ec == error_code());
    BOOST_TEST(made[19].ec == make_error_code(rpc::errc::busy));
    BOOST_TEST(server.counters().refused >= 10u);
}

BOOST_AUTO_TEST_CASE(values_that_lie_too_deep_are_refused) {
    rpc::router calls;
    calls.on("f", [](const rpc::value&) { return 1; });
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls);
    const std::string deep = std::string(100000, '[') + std::string(100000, ']');
    BOOST_TEST(!send_to(client, R"({"jsonrpc":"2.0","method":"f","params":)" + deep + R"(,"id":1})"));
    const auto reply = rpc::from_json(*receive_from(client).message).value();
    BOOST_TEST((reply["error"]["code"] == rpc::value(rpc::fault_code::parse_error)));
    BOOST_TEST(reply["error"]["data"].text()->ends_with("more than 64 values lie in one another"));
    const std::string fits = std::string(60, '[') + std::string(60, ']');
    BOOST_TEST(!send_to(client, R"({"jsonrpc":"2.0","method":"f","params":)" + fits + R"(,"id":1})"));
    BOOST_TEST(*receive_from(client).message == R"({"jsonrpc":"2.0","result":1,"id":1})");

    auto [other, sender] = connect_to_bare(rpc::message_pack_rpc(), calls);
    BOOST_TEST(!send_to(sender, std::string("\x94\x00\x01\xa1"
                                            "f",
                                            5) +
                                    std::string(100000, '\x91') + '\x01'));
    run_until(io, [&] { return !other.is_open(); });
    BOOST_TEST(other.failure().context().ends_with("more than 64 values lie in one another"));
}

BOOST_AUTO_TEST_CASE(a_caller_who_does_not_read_is_not_read_from) {
    rpc::router calls;
    calls.on("f", [] { return std::string(65536, 'x'); });
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, {.unsent_bytes = 1 << 20});
    std::size_t sent = 0;
    const auto send_all = [&] {
        while (client.try_send(R"({"jsonrpc":"2.0","method":"f","id":1})") && sent < 100000) ++sent;
    };
    for (int i = 0; i < 200; ++i) {
        send_all();
        run_ready(io);
    }
    BOOST_TEST(server.counters().served < 100u);  // 2 MiB queued, and what the kernel holds
    const auto served = server.counters().served;
    for (int i = 0; i < 100; ++i) BOOST_TEST_REQUIRE(receive_from(client).message.has_value());
    run_ready(io);
    BOOST_TEST(server.counters().served > served);
}

BOOST_AUTO_TEST_CASE(both_sides_that_call_and_do_not_read_do_not_wait_for_each_other) {
    rpc::router calls;
    calls.on("f", [] { return std::string(10000, 'x'); });
    auto [a, b] = connect(rpc::json_rpc(), calls, calls, {.unsent_bytes = 1 << 16}, {.unsent_bytes = 1 << 16});
    int answered = 0;
    const auto count = [&](const std::exception_ptr& failure, const std::string&) {
        BOOST_TEST(!failure);
        ++answered;
    };
    for (int i = 0; i < 60; ++i) {
        a.prepare_call<std::string>(
            "f", std::string(5000, 'y'))([&](const std::exception_ptr&, const std::string&) { ++answered; });
        b.prepare_call<std::string>("f")(count);
        a.prepare_call<std::string>("f")(count);
    }
    run_until(io, [&] { return answered == 180; });
}

BOOST_AUTO_TEST_CASE(what_is_too_large_is_refused_on_this_side) {
    rpc::router calls;
    calls.on("large", [] { return std::string(2000, 'x'); });
    auto [client, server] = connect(rpc::json_rpc(), calls, {}, {.message_bytes = 1000}, {.message_bytes = 1000});
    auto failure = failure_of(client.prepare_call<std::string>("large", std::string(2000, 'x')));
    BOOST_TEST(failure.code() == make_error_code(parley::errc::limit_exceeded));
    failure = failure_of(client.prepare_call<std::string>("large"));
    BOOST_TEST(failure.fault()->number() == rpc::fault_code::internal_error);
    BOOST_TEST(failure.fault()->data().text()->starts_with("the result has 20"));
    failure = failure_of(client.prepare_call<std::string>("large", std::string("\xff")));
    BOOST_TEST(failure.code() == make_error_code(rpc::errc::not_carried));
    BOOST_TEST(std::string(failure.what()).starts_with("large: text is not UTF-8"));
    BOOST_TEST(client.is_open());
    BOOST_TEST(client.counters().waiting == 0u);
}

BOOST_AUTO_TEST_CASE(a_codec_that_throws_fails_its_own_call_alone) {
    for (const auto& protocol : both()) {
        rpc::router calls;
        calls.on("f", [] { return unwilling(); });
        calls.on("g", [] { return 1; });
        auto [client, server] = connect(protocol, calls);
        auto failure = failure_of(client.prepare_call<int>("g", unwilling()));
        BOOST_TEST(failure.code() == make_error_code(rpc::errc::not_carried));
        BOOST_TEST(std::string(failure.what()).starts_with("g: not today"));
        failure = failure_of(client.prepare_call<int>("f"));
        BOOST_TEST(*failure.fault()->data().text() == "the result cannot be sent: not today");
        BOOST_TEST(client.counters().waiting == 0u);
        BOOST_TEST(get<int>(client.prepare_call<int>("g")) == 1);
    }
}

BOOST_AUTO_TEST_CASE(a_handler_knows_the_deadline_of_its_caller_where_it_is_told) {
    rpc::json_rpc_options conventions;
    conventions.deadline_member = "timeoutMs";
    rpc::router calls;
    bool knew = false, ended = false;
    calls.on("wait", [&](rpc::context& c) -> task<int> {
        const auto left = c.deadline().value() - std::chrono::steady_clock::now();
        knew = left > std::chrono::milliseconds(0) && left <= std::chrono::milliseconds(20);
        asio::steady_timer never(io, asio::steady_timer::time_point::max());
        error_code ec;
        co_await never.async_wait(asio::redirect_error(asio::use_awaitable, ec));
        ended = c.cancelled();
        co_return 1;
    });
    calls.on("none", [](rpc::context& c) { return !c.deadline().has_value(); });
    auto [server, client] = connect_to_bare(rpc::json_rpc(conventions), calls);
    BOOST_TEST(!send_to(client, R"({"jsonrpc":"2.0","method":"wait","timeoutMs":20,"id":1})"));
    run_until(io, [&] { return ended; });
    BOOST_TEST(knew);
    BOOST_TEST(!send_to(client, R"({"jsonrpc":"2.0","method":"none","id":2})"));
    BOOST_TEST(*receive_from(client).message == R"({"jsonrpc":"2.0","result":1,"id":1})");
    BOOST_TEST(*receive_from(client).message == R"({"jsonrpc":"2.0","result":true,"id":2})");
    auto [caller, other] = connect_to_bare(rpc::json_rpc(conventions));
    caller.prepare_call<int>({.deadline = std::chrono::seconds(3)}, "f")([](auto&&...) {});
    BOOST_TEST(*receive_from(other).message == R"({"jsonrpc":"2.0","method":"f","timeoutMs":3000,"id":1})");
    caller.close();
    run_ready(io);
}

BOOST_AUTO_TEST_CASE(a_shutdown_lets_the_running_finish_and_serves_nothing_new) {
    rpc::router calls;
    asio::steady_timer gate(io, asio::steady_timer::time_point::max());
    calls.on("wait", [&]() -> task<int> {
        error_code ignored;
        co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        co_return 7;
    });
    calls.on("now", [] { return 1; });
    auto [client, server] = connect(rpc::json_rpc(), calls);
    called running, refused;
    client.prepare_call<int>("wait")(running.handler());
    run_until(io, [&] { return server.counters().running == 1; });
    done shut;
    server.async_shutdown(shut.handler());
    client.prepare_call<int>("now")(refused.handler());
    run_until(io, [&] { return refused.count == 1; });
    BOOST_TEST(refused.ec == make_error_code(rpc::errc::busy));
    BOOST_TEST(shut.count == 0);
    gate.cancel();
    run_until(io, [&] { return shut.count == 1; });
    BOOST_TEST(!shut.ec);
    run_until(io, [&] { return running.count == 1; });
    BOOST_TEST(running.result == 7);
}

BOOST_AUTO_TEST_CASE(an_exception_of_a_callback_leaves_run_and_the_connection_goes_on) {
    rpc::router calls;
    calls.on("f", [] { return 1; });
    auto [client, server] = connect(rpc::json_rpc(), calls);
    client.prepare_call<int>("f")([](const std::exception_ptr&, int) { throw std::runtime_error("mine"); });
    BOOST_CHECK_THROW(run_until(io, [] { return false; }), std::runtime_error);
    BOOST_TEST(get<int>(client.prepare_call<int>("f")) == 1);
}

BOOST_AUTO_TEST_CASE(a_context_that_is_destroyed_leaves_nothing) {
    rpc::router calls;
    auto own = std::make_unique<asio::io_context>();
    calls.on("wait", [&]() -> task<int> {
        asio::steady_timer never(*own, asio::steady_timer::time_point::max());
        co_await never.async_wait(asio::use_awaitable);
        co_return 1;
    });
    bool began = false;
    {
        auto [a, b] = make_socket_pair<local_stream>(own->get_executor()).value();
        const rpc::protocol protocol;
        asio::co_spawn(
            *own,
            [](rpc::connection client, rpc::connection,
               bool& set) -> task<> {
                set = true;
                co_await client.async_call<int>("wait");  // the coroutine owns both connections
            }(rpc::connection(protocol.make_channel(std::move(a))),
                          rpc::connection(protocol.make_channel(std::move(b)), calls), began),
            [](const std::exception_ptr&) {});
    }
    for (int i = 0; i < 20; ++i) own->poll();
    BOOST_TEST(began);
    own.reset();
}

BOOST_AUTO_TEST_CASE(a_connection_of_nobody_fails_every_call) {
    rpc::connection none;
    BOOST_TEST(!none.is_open());
    called call;
    none.prepare_call<int>("f")(asio::bind_executor(ex, call.handler()));
    run_until(io, [&] { return call.count == 1; });
    BOOST_TEST(call.ec == asio::error::bad_descriptor);
    BOOST_TEST(!none.try_notify("f"));
    none.close();
}

BOOST_AUTO_TEST_CASE(a_caller_who_ends_his_side_gets_the_answer_of_a_coroutine) {
    rpc::router calls;
    asio::steady_timer gate(io, asio::steady_timer::time_point::max());
    error_code ignored;
    calls.on("slow", [&]() -> task<int> {
        co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        co_return 7;
    });
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls);
    BOOST_TEST(!send_to(client, R"({"jsonrpc":"2.0","method":"slow","id":1})"));
    done ended;
    client.async_end(ended.handler());
    run_until(io, [&] { return ended.count == 1 && server.counters().running == 1; });
    run_ready(io);
    gate.cancel();
    const auto got = receive_from(client);
    BOOST_TEST(got.message.value_or("(the end)") == R"({"jsonrpc":"2.0","result":7,"id":1})");
    BOOST_TEST(receive_from(client).is_end());
    run(server.async_wait());
}

BOOST_AUTO_TEST_CASE(a_caller_who_ends_his_side_gets_what_is_queued_for_him) {
    rpc::router calls;
    calls.on("large", [] { return std::string(300000, 'x'); });
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls);
    for (int i = 0; i < 10; ++i)
        BOOST_TEST(!send_to(client, R"({"jsonrpc":"2.0","method":"large","id":)" + std::to_string(i) + "}"));
    done ended;
    client.async_end(ended.handler());
    int n = 0;
    while (receive_from(client).message) ++n;
    BOOST_TEST(n == 10);
}
BOOST_AUTO_TEST_CASE(a_caller_who_ends_his_side_is_not_waited_for_without_end) {
    rpc::router calls;
    bool cancelled = false;
    calls.on("never", [&](rpc::context& c) -> task<int> {
        asio::steady_timer never(io, asio::steady_timer::time_point::max());
        error_code ec;
        co_await never.async_wait(asio::redirect_error(asio::use_awaitable, ec));
        cancelled = c.cancelled();
        co_return 7;
    });
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, {.last_answers = std::chrono::milliseconds(1)});
    BOOST_TEST(!send_to(client, R"({"jsonrpc":"2.0","method":"never","id":1})"));
    done ended;
    client.async_end(ended.handler());
    run(server.async_wait());
    run_until(io, [&] { return cancelled; });
    BOOST_TEST(receive_from(client).is_end());
}

BOOST_AUTO_TEST_CASE(after_its_end_a_side_still_gets_answers) {
    for (const auto& protocol : both()) {
        auto [client, server] = connect_to_bare(protocol);
        std::optional<int> got;
        client.prepare_call<int>("f")([&](const std::exception_ptr& e, int n) {
            BOOST_TEST(!e);
            got = n;
        });
        BOOST_TEST(client.try_notify("g"));
        run(client.async_end());
        const auto failure = failure_of(client.prepare_call<int>("h"));
        BOOST_TEST(failure.code() == asio::error::bad_descriptor);
        BOOST_TEST(receive_from(server).message->find('f') != std::string::npos);
        BOOST_TEST(receive_from(server).message->find('g') != std::string::npos);
        BOOST_TEST(receive_from(server).is_end());
        BOOST_TEST(client.is_open());
        const bool json = protocol.name() == "json-rpc";
        BOOST_TEST(!send_to(server, json ? R"({"jsonrpc":"2.0","result":7,"id":1})" : "\x94\x01\x01\xc0\x07"));
        run_until(io, [&] { return got.has_value(); });
        BOOST_TEST(*got == 7);
        server.close();
        run(client.async_wait());
        BOOST_TEST(!client.is_open());
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace parley::test
