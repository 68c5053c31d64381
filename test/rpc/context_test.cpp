// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a handler knows of its call.

#include "rpc_tools.hpp"

#include <parley/rpc/context.hpp>

#include <chrono>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(context_test)

BOOST_FIXTURE_TEST_SUITE(context_suite, rpc_fixture)

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

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
