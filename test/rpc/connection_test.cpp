// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How a connection ends, and what becomes of what is under way: fault rows F12, H9.

#include "rpc_tools.hpp"

#include <boost/asio/bind_executor.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(connection_test)

BOOST_FIXTURE_TEST_SUITE(connection_suite, rpc_fixture)

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
        BOOST_TEST(later.ec == make_error_code(rpc::errc::disconnected));
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
        BOOST_TEST(failure.code() == make_error_code(rpc::errc::disconnected));
        BOOST_TEST(failure.what() == "h: this side has said that it makes no more calls");
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

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
