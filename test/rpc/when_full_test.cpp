// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Calls beyond a limit that wait for their turn.

#include "gated_calls.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(when_full_test)
BOOST_FIXTURE_TEST_SUITE(when_full_suite, gated_fixture)

BOOST_AUTO_TEST_CASE(calls_that_wait_are_not_read_and_run_in_their_order) {
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, waiting(2));
    int sent = 0;
    for (int turn = 0; turn < 50; ++turn) {
        while (sent < 100000 && client.try_send(call(sent + 1))) ++sent;
        run_ready(io);
    }
    BOOST_TEST(sent < 100000);  // the queue is full: nothing is read
    BOOST_TEST(began.size() == 2u);
    std::vector<int> expected;
    for (int n = 1; n <= sent; ++n) expected.push_back(n);
    std::vector<int> answered;
    while (answered.size() < expected.size()) {
        received got;
        client.async_receive(got.handler());
        let_go([&] { return got.count == 1; });
        BOOST_TEST_REQUIRE(got.message.has_value());
        const auto reply = rpc::from_json(*got.message).value();
        BOOST_TEST_REQUIRE((reply["error"] == rpc::value()));
        answered.push_back(
            static_cast<int>(reply["result"].get_if<std::int64_t>() ? *reply["result"].get_if<std::int64_t>() : -1));
    }
    BOOST_TEST((began == expected));
    std::ranges::sort(answered);
    BOOST_TEST((answered == expected));
    BOOST_TEST(most == 2u);
    BOOST_TEST(server.counters().refused == 0u);
}

BOOST_AUTO_TEST_CASE(notifications_wait_as_well) {
    for (const auto& protocol : both()) {
        began.clear();
        auto [client, server] = connect(protocol, calls, {}, {}, waiting(2));
        for (int i = 0; i < 9; ++i) BOOST_TEST(client.try_notify("wait", i));
        run_until(io, [&] { return began.size() == 2; });
        run_ready(io);
        BOOST_TEST(began.size() == 2u);
        let_go([&] { return began.size() == 9 && running == 0; });
        BOOST_TEST(std::ranges::is_sorted(began));
        BOOST_TEST(server.counters().refused == 0u);
    }
}

BOOST_AUTO_TEST_CASE(the_calls_of_a_batch_wait_and_are_answered_together) {
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, waiting(2));
    std::string batch = "[";
    for (int n = 1; n <= 50; ++n) batch += (n == 1 ? "" : ",") + call(n);
    BOOST_TEST(!send_to(client, batch + "]"));
    BOOST_TEST(!send_to(client, call(51, "now")));
    received all, last;
    client.async_receive(all.handler());
    let_go([&] { return all.count == 1; });
    const auto replies = rpc::from_json(all.message.value()).value();
    const auto* list = replies.get_if<rpc::array>();
    // What comes behind the batch waits behind it; its own answer is a message of its own.
    BOOST_TEST_REQUIRE((list != nullptr || replies["id"] == rpc::value(51)));
    client.async_receive(last.handler());
    let_go([&] { return last.count == 1; });
    const auto other = rpc::from_json(last.message.value()).value();
    if (!list) list = other.get_if<rpc::array>();
    BOOST_TEST_REQUIRE(list);
    BOOST_TEST(list->size() == 50u);
    BOOST_TEST(most == 2u);
    BOOST_TEST(began.size() == 51u);
    BOOST_TEST(std::ranges::is_sorted(began));
    BOOST_TEST(server.counters().refused == 0u);
}

BOOST_AUTO_TEST_CASE(functions_that_call_back_get_their_answers_though_calls_wait) {
    for (const auto& protocol : both()) {
        rpc::router calling;
        calling.on("there", [](int n, rpc::context& c) -> task<int> {
            const auto caller = c.peer();
            co_return co_await caller.async_call<int>("back", n);
        });
        rpc::router back;
        back.on("back", [](int n) { return 2 * n; });
        auto [client, server] = connect(protocol, calling, back, {}, waiting(1));
        std::vector<called> made(40);
        for (int i = 0; i < 40; ++i) client.prepare_call<int>("there", i)(made[static_cast<std::size_t>(i)].handler());
        run_until(io, [&] { return std::ranges::all_of(made, [](const called& c) { return c.count == 1; }); });
        for (int i = 0; i < 40; ++i) BOOST_TEST(made[static_cast<std::size_t>(i)].result == 2 * i);
    }
}

BOOST_AUTO_TEST_CASE(what_waits_beside_calls_of_this_side_is_bounded) {
    auto options = waiting(1);
    options.unsent_bytes = 1000;
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, options);
    called own;
    server.prepare_call<int>("f")(own.handler());
    BOOST_TEST(receive_from(client).message.has_value());
    for (int n = 1; n <= 100; ++n) BOOST_TEST(!send_to(client, call(n)));
    run_until(io, [&] { return server.counters().refused > 50; });
    run_ready(io);
    const auto refused = server.counters().refused;
    BOOST_TEST(refused < 99u);  // some wait
    BOOST_TEST(!send_to(client, reply_to(1, 5)));
    run_until(io, [&] { return own.count == 1; });
    BOOST_TEST(own.result == 5);
    let_go([&] { return server.counters().served == 100; });
    BOOST_TEST(began.size() + refused == 100u);
}

BOOST_AUTO_TEST_CASE(a_caller_who_ends_his_side_gets_the_answers_of_what_waits) {
    for (const bool calls_back : {false, true}) {
        began.clear();
        auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, waiting(1));
        called own;
        if (calls_back) {  // then the end is read before it is the turn of the calls
            server.prepare_call<int>("f")(own.handler());
            BOOST_TEST(receive_from(client).message.has_value());
        }
        for (int n = 1; n <= 10; ++n) BOOST_TEST(!send_to(client, call(n)));
        done ended;
        client.async_end(ended.handler());
        int answers = 0;
        for (received got; answers == 0 || got.message; ++answers) {
            got = {};
            client.async_receive(got.handler());
            let_go([&] { return got.count == 1; });
            if (!got.message) break;
        }
        BOOST_TEST(answers == 10);
        BOOST_TEST(began.size() == 10u);
        run(server.async_wait());
        BOOST_TEST(own.count == (calls_back ? 1 : 0));
    }
}

BOOST_AUTO_TEST_CASE(a_shutdown_refuses_what_waits) {
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, waiting(1));
    BOOST_TEST(!send_to(client, call(1)));
    BOOST_TEST(!send_to(client, call(2)));
    run_until(io, [&] { return began.size() == 1; });
    run_ready(io);
    done shut;
    server.async_shutdown(shut.handler());
    const auto refused = rpc::from_json(receive_from(client).message.value()).value();
    BOOST_TEST((refused["error"]["code"] == rpc::value(rpc::fault_code::busy)));
    BOOST_TEST((refused["id"] == rpc::value(2)));
    let_go([&] { return shut.count == 1; });
    BOOST_TEST(*receive_from(client).message == R"({"jsonrpc":"2.0","result":1,"id":1})");
    BOOST_TEST(began.size() == 1u);
}

BOOST_AUTO_TEST_CASE(calls_wait_for_a_rate_as_well) {
    auto [client, server] =
        connect(rpc::json_rpc(), calls, {}, {}, {.calls_per_second = 20, .when_full = full_queue::wait});
    const auto begin = std::chrono::steady_clock::now();
    std::vector<called> made(26);
    for (int i = 0; i < 26; ++i) client.prepare_call<int>("now", i)(made[static_cast<std::size_t>(i)].handler());
    run_until(io, [&] { return made.back().count == 1; });
    BOOST_TEST((std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(250)));  // 6 at 20 a second
    BOOST_TEST(std::ranges::all_of(made, [](const called& c) { return c.count == 1 && !c.ec; }));
    BOOST_TEST(server.counters().refused == 0u);
    BOOST_TEST(std::ranges::is_sorted(began));
}

BOOST_AUTO_TEST_CASE(where_nothing_may_run_nothing_waits) {
    auto [client, server] = connect(rpc::json_rpc(), calls, {}, {}, waiting(0));
    called refused;
    client.prepare_call<int>("wait", 1)(refused.handler());
    run_until(io, [&] { return refused.count == 1; });
    BOOST_TEST(refused.ec == make_error_code(rpc::errc::busy));
}

BOOST_AUTO_TEST_CASE(a_caller_who_goes_leaves_nothing_that_waits) {
    auto [client, server] = connect(rpc::json_rpc(), calls, {}, {}, waiting(1));
    for (int i = 0; i < 5; ++i) BOOST_TEST(client.try_notify("wait", i));
    run_until(io, [&] { return began.size() == 1; });
    server.close();
    run_until(io, [&] { return running == 0; });
    run_ready(io);
    BOOST_TEST(began.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
