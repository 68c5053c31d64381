// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a connection does at each of its limits: fault rows F1, F3, F4, F9.

#include "rpc_tools.hpp"
#include "sanitizers.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(connection_limits_test)

BOOST_FIXTURE_TEST_SUITE(connection_limits_suite, rpc_fixture)

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
    const auto refused = *receive_from(sender).message;
    BOOST_TEST(refused.find("more than 64 values lie in one another") != std::string::npos);
    BOOST_TEST(other.is_open());
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

BOOST_AUTO_TEST_CASE(a_caller_whose_other_side_never_reads_ends_with_the_connection) {
    auto [client, server] = connect_to_bare(rpc::json_rpc(), {}, {.unsent_bytes = 1 << 16});
    std::vector<called> calls(100);
    for (auto& call : calls) {  // 6.4 MB: 1 MiB is queued and as much is kept
        client.prepare_call<int>("f", std::string(65536, 'x'))(call.handler());
        run_ready(io);
    }
    BOOST_TEST(!client.is_open());
    BOOST_TEST(client.failure().code() == make_error_code(parley::errc::limit_exceeded));
    BOOST_TEST(client.failure().context().starts_with("the other side does not read: 1"));
    run_until(io, [&] { return calls.front().count == 1 && calls.back().count == 1; });
    BOOST_TEST(calls.front().ec == make_error_code(rpc::errc::disconnected));
    BOOST_TEST(calls.back().ec == make_error_code(rpc::errc::disconnected));
}

BOOST_AUTO_TEST_CASE(a_limit_that_sixteen_times_does_not_fit_a_number_is_none) {
    for (const auto limit : {std::size_t{1} << 60, SIZE_MAX}) {
        auto [client, server] = connect_to_bare(rpc::json_rpc(), {}, {.unsent_bytes = limit});
        std::vector<called> calls(40);
        for (auto& call : calls) {
            client.prepare_call<int>("f", std::string(65536, 'x'))(call.handler());
            run_ready(io);
        }
        BOOST_TEST(client.is_open());
        client.close();
        run_until(io, [&] { return calls.back().count == 1; });
    }
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

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
