// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Messages that have the members of several kinds, and those that name twice what they are about.

#include "rpc_tools.hpp"

#include <string>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(ambiguous_messages_test)

BOOST_FIXTURE_TEST_SUITE(ambiguous_messages_suite, rpc_fixture)

BOOST_AUTO_TEST_CASE(an_answer_whose_method_is_null_is_an_answer) {
    for (const auto* answer :
         {R"({"jsonrpc":"2.0","method":null,"params":null,"result":5,"error":null,"id":1})",
          R"({"jsonrpc":"2.0","method":null,"result":5,"id":1})", R"({"id":1,"result":5,"method":null})",
          R"({"jsonrpc":"2.0","method":false,"result":5,"id":1})"}) {
        auto [client, other] = connect_to_bare(rpc::json_rpc());
        called call;
        client.prepare_call<int>("f")(call.handler());
        receive_from(other);
        BOOST_TEST(!send_to(other, answer));
        run_until(io, [&] { return call.count == 1; });
        BOOST_TEST(!call.ec, answer);
        BOOST_TEST(call.result == 5);
    }
    auto [client, other] = connect_to_bare(rpc::json_rpc());
    called call;
    client.prepare_call<int>("f")(call.handler());
    receive_from(other);
    BOOST_TEST(!send_to(other, R"({"jsonrpc":"2.0","method":null,"result":null,"error":{"code":7},"id":1})"));
    run_until(io, [&] { return call.count == 1; });
    BOOST_TEST(call.ec == make_error_code(rpc::errc::remote_fault));
}

BOOST_AUTO_TEST_CASE(a_call_whose_method_is_null_is_a_bad_call) {
    auto [server, other] = connect_to_bare(rpc::json_rpc());
    BOOST_TEST(!send_to(other, R"({"jsonrpc":"2.0","method":null,"id":1})"));
    const auto reply = rpc::from_json(*receive_from(other).message).value();
    BOOST_TEST((reply["error"]["data"] == rpc::value("the method is not text")));
    BOOST_TEST((reply["id"] == rpc::value(1)));
}

BOOST_AUTO_TEST_CASE(a_call_that_has_members_of_an_answer_is_a_call) {
    rpc::router calls;
    calls.on("f", [] { return 1; });
    auto [server, other] = connect_to_bare(rpc::json_rpc(), calls);
    BOOST_TEST(!send_to(other, R"({"jsonrpc":"2.0","method":"f","result":null,"error":null,"id":1})"));
    BOOST_TEST(*receive_from(other).message == R"({"jsonrpc":"2.0","result":1,"id":1})");
}

BOOST_AUTO_TEST_CASE(an_answer_of_varlink_whose_method_is_null_is_an_answer) {
    auto [client, other] = connect_to_bare(rpc::varlink());
    called call;
    client.prepare_call<int>("a.F")(call.handler());
    receive_from(other);
    BOOST_TEST(!send_to(other, R"({"method":null,"parameters":{"result":5}})"));
    run_until(io, [&] { return call.count == 1; });
    BOOST_TEST(call.result == 5);
}

BOOST_AUTO_TEST_CASE(a_cancellation_that_names_two_calls_cancels_none) {
    const std::string head = R"({"jsonrpc":"2.0","method":"$/cancelRequest",)";
    for (const auto& ambiguous : std::vector<std::string>{
             head + R"("params":{"id":1,"id":2}})", head + R"("params":{"id":1,"id":1}})",
             head + R"("params":{"id":1,"reason":"\ud83d","id":2}})", head + R"("params":{"id":1},"params":{"id":2}})",
             head + R"("method":"f","params":{"id":1}})",
             R"({"jsonrpc":"2.0","method":"f","method":"$/cancelRequest","params":{"id":1}})"}) {
        rpc::router calls;
        bool cancelled = false;
        calls.on("wait", [&](rpc::context& c) -> task<int> {
            asio::steady_timer never(io, asio::steady_timer::time_point::max());
            error_code ec;
            co_await never.async_wait(asio::redirect_error(asio::use_awaitable, ec));
            cancelled = c.cancelled();
            co_return 1;
        });
        auto [server, other] = connect_to_bare(rpc::json_rpc(), calls);
        for (const char* id : {"1", "2"})
            BOOST_TEST(!send_to(other, R"({"jsonrpc":"2.0","method":"wait","id":)" + std::string(id) + "}"));
        BOOST_TEST(!send_to(other, ambiguous));
        run_until(io, [&] { return server.counters().invalid_messages == 1; });
        run_ready(io);
        BOOST_TEST(!cancelled, ambiguous);
        BOOST_TEST(server.counters().running == 2u);
        // What is bad beside the id does not matter.
        BOOST_TEST(!send_to(other, head + R"("params":{"reason":"\ud83d","id":1}})"));
        BOOST_TEST(!send_to(other, head + R"("params":{"id":2,"reason":1e999}})"));
        run_until(io, [&] { return server.counters().running == 0; });
    }
}

BOOST_AUTO_TEST_CASE(a_partial_result_that_names_two_calls_ends_none) {
    auto [client, other] = connect_to_bare(rpc::json_rpc());
    called call;
    client.prepare_call<int>("f")(call.handler());
    receive_from(other);
    for (const auto* part :
         {R"("params":{"token":1,"value":5,"token":2})", R"("params":{"token":2,"token":1,"value":5})",
          R"("params":{"token":2,"value":5},"params":{"token":1,"value":5})"})
        BOOST_TEST(!send_to(other, R"({"jsonrpc":"2.0","method":"$/progress",)" + std::string(part) + "}"));
    run_until(io, [&] { return client.counters().invalid_messages == 3; });
    BOOST_TEST(call.count == 0);
    BOOST_TEST(!send_to(other, reply_to(1, 5)));
    run_until(io, [&] { return call.count == 1; });
    BOOST_TEST(call.result == 5);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
