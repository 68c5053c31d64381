// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a connection does for calls that wait for their turn, and what does not wait behind them: answers, partial
// results, cancellations, the end.

#include "choppy_stream.hpp"
#include "gated_calls.hpp"
#include "resident_memory.hpp"
#include "sanitizers.hpp"

#include <parley/rpc/context.hpp>
#include <parley/rpc/reply_stream.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(held_calls_test)
namespace {

using namespace std::chrono_literals;

std::string cancel_of(int id) {
    return R"({"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":)" + std::to_string(id) + "}}";
}

rpc::value code_of(const rpc::value& reply) { return reply["error"]["code"]; }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(held_calls_suite, gated_fixture)

// --- batches

BOOST_AUTO_TEST_CASE(a_batch_behind_a_byte_order_mark_waits_as_any_other) {
    for (const std::size_t at_once : {std::size_t{1}, std::size_t{2}}) {
        began.clear();
        auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, waiting(at_once));
        BOOST_TEST(!send_to(client, "\xEF\xBB\xBF" + batch_of({call(1), call(2), call(3, "now")})));
        run_until(io, [&] { return began.size() == at_once; });
        run_ready(io);
        BOOST_TEST(began.size() == at_once);
        BOOST_TEST(next_while_open(client).get<rpc::array>().size() == 3u);
        BOOST_TEST(server.counters().invalid_messages == 0u);
    }
}

BOOST_AUTO_TEST_CASE(an_answer_behind_a_call_that_waits_in_a_batch_is_taken) {
    for (const bool batch : {false, true}) {
        began.clear();
        rpc::router both = calls;
        both.on("there", [](int n, rpc::context& c) -> task<int> {
            const auto caller = c.peer();
            co_return co_await caller.async_call<int>("back", n);
        });
        auto [server, client] = connect_to_bare(rpc::json_rpc(), both, waiting(1));
        BOOST_TEST(!send_to(client, call(1, "there")));
        BOOST_TEST((next_value(client)["method"] == rpc::value("back")));
        const std::vector<std::string> messages{call(2, "now"), call(3, "now"), reply_to(1, 7)};
        if (batch)
            BOOST_TEST(!send_to(client, batch_of(messages)));
        else
            for (const auto& one : messages) BOOST_TEST(!send_to(client, one));
        BOOST_TEST((next_value(client)["result"] == rpc::value(7)));
        run_until(io, [&] { return began.size() == 2; });
        BOOST_TEST((began == std::vector<int>{2, 3}));
        BOOST_TEST(server.counters().refused == 0u);
    }
}

BOOST_AUTO_TEST_CASE(an_answer_behind_a_call_of_varlink_is_taken) {
    rpc::router both;
    both.on("a.There", [](rpc::context& c) -> task<int> {
        const auto caller = c.peer();
        co_return co_await caller.async_call<int>("a.Back");
    });
    both.on("a.Now", [] { return 2; });
    auto [server, client] = connect_to_bare(rpc::varlink(), both);
    BOOST_TEST(!send_to(client, R"({"method":"a.There"})"));
    BOOST_TEST(*receive_from(client).message == R"({"method":"a.Back"})");
    for (int i = 0; i < 3; ++i) BOOST_TEST(!send_to(client, R"({"method":"a.Now"})"));
    BOOST_TEST(!send_to(client, R"({"parameters":{"result":7}})"));
    BOOST_TEST(*receive_from(client).message == R"({"parameters":{"result":7}})");
    for (int i = 0; i < 3; ++i) BOOST_TEST(*receive_from(client).message == R"({"parameters":{"result":2}})");
}

BOOST_AUTO_TEST_CASE(a_bad_call_of_varlink_is_answered_in_its_turn) {
    rpc::router waits;
    waits.on("a.Wait", [this]() -> task<int> {
        error_code ignored;
        co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        co_return 1;
    });
    auto [server, client] = connect_to_bare(rpc::varlink(), waits);
    BOOST_TEST(!send_to(client, R"({"method":"a.Wait"})"));
    BOOST_TEST(!send_to(client, R"({"method":"a.Wait","upgrade":true})"));
    run_until(io, [&] { return server.counters().running == 1; });
    run_ready(io);
    BOOST_TEST((next_while_open(client)["parameters"]["result"] == rpc::value(1)));
    BOOST_TEST((next_value(client)["error"] == rpc::value("org.varlink.service.InvalidParameter")));
}

// --- partial results

BOOST_AUTO_TEST_CASE(a_partial_result_that_is_for_no_call_waits_for_its_turn) {
    calls.on("$/progress", {"token", "value"}, [this](int token, int) { began.push_back(token); });
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, waiting(1));
    BOOST_TEST(!send_to(client, call(1)));
    BOOST_TEST(!send_to(client, R"({"jsonrpc":"2.0","method":"$/progress","params":{"token":77,"value":1}})"));
    run_until(io, [&] { return began.size() == 1; });
    run_ready(io);
    BOOST_TEST(began.size() == 1u);
    let_go([&] { return began.size() == 2; });
    BOOST_TEST((began == std::vector<int>{1, 77}));
    BOOST_TEST(server.counters().refused == 0u);
}

BOOST_AUTO_TEST_CASE(a_partial_result_of_this_sides_call_does_not_wait) {
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, waiting(1));
    auto parts =
        std::make_unique<rpc::reply_stream<int, int>>(rpc::open_stream<int, int>(server, "count", rpc::named("to", 1)));
    BOOST_TEST((next_value(client)["method"] == rpc::value("count")));
    BOOST_TEST(!send_to(
        client, batch_of({call(1), call(2), R"({"jsonrpc":"2.0","method":"$/progress","params":{"token":1,"value":5}})",
                          reply_to(1, 6)})));
    run_task(io, [](rpc::reply_stream<int, int>& p) -> task<> {
        BOOST_TEST(*co_await p.async_next() == 5);
        const auto last = co_await p.async_next();
        BOOST_TEST(!last.has_value());
        BOOST_TEST(p.result() == 6);
    }(*parts));
    BOOST_TEST((began == std::vector<int>{1}));
    BOOST_TEST(next_while_open(client).get<rpc::array>().size() == 2u);
}

// --- a rate

BOOST_AUTO_TEST_CASE(calls_wait_for_a_place_and_for_a_rate_at_once) {
    auto options = waiting(1);
    options.calls_per_second = 20;
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, options);
    for (int n = 1; n <= 24; ++n) BOOST_TEST(!send_to(client, call(n, "wait")));
    for (int n = 1; n <= 24; ++n) BOOST_TEST((next_while_open(client)["result"] == rpc::value(n)));
    BOOST_TEST(server.counters().refused == 0u);
}

BOOST_AUTO_TEST_CASE(a_shutdown_behind_the_end_of_the_other_side_refuses_what_waits_for_a_rate) {
    auto options = waiting(100);
    options.calls_per_second = 0.001;
    options.last_answers = std::chrono::hours(1);
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, options);
    BOOST_TEST(!send_to(client, call(1, "now")));
    BOOST_TEST(!send_to(client, call(2, "now")));
    done ended;
    client.async_end(ended.handler());
    BOOST_TEST((next_value(client)["result"] == rpc::value(1)));
    run_ready(io);
    done shut;
    server.async_shutdown(shut.handler());
    BOOST_TEST((code_of(next_value(client)) == rpc::value(rpc::fault_code::busy)));
    run_until(io, [&] { return shut.count == 1; });
    BOOST_TEST(!shut.ec);
}

// --- the end

BOOST_AUTO_TEST_CASE(the_end_of_a_caller_is_seen_while_his_calls_wait) {
    for (const int sent : {2, 3, 50}) {
        began.clear();
        auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, waiting(1));
        for (int n = 1; n <= sent; ++n) BOOST_TEST(!send_to(client, call(n)));
        run_until(io, [&] { return began.size() == 1; });
        run_ready(io);
        client.close();
        run(server.async_wait());
        run_until(io, [&] { return running == 0; });
        BOOST_TEST(began.size() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(the_end_of_a_caller_without_a_descriptor_is_seen_behind_one_call_that_waits) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    auto options = waiting(1);
    options.last_answers = std::chrono::milliseconds(20);
    rpc::connection server(rpc::json_rpc().make_channel(choppy_stream(std::move(a))), calls, options);
    auto client = rpc::json_rpc().make_channel(std::move(b));
    BOOST_TEST(!send_to(client, call(1)));
    BOOST_TEST(!send_to(client, call(2)));
    run_until(io, [&] { return began.size() == 1; });
    run_ready(io);
    client.close();
    run(server.async_wait());
    run_until(io, [&] { return running == 0; });
}

BOOST_AUTO_TEST_CASE(each_call_that_waits_has_the_time_for_last_answers) {
    calls.on("slow", [this](int n) -> task<int> {
        asio::steady_timer later(io, 1200ms);
        co_await later.async_wait(asio::use_awaitable);
        co_return n;
    });
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, waiting(1));
    for (int n = 1; n <= 2; ++n) BOOST_TEST(!send_to(client, call(n, "slow")));
    done ended;
    client.async_end(ended.handler());
    for (int n = 1; n <= 2; ++n) BOOST_TEST((next_value(client)["result"] == rpc::value(n)));
    run(server.async_wait());
}

BOOST_AUTO_TEST_CASE(a_call_that_waits_for_one_without_end_is_not_waited_for) {
    auto options = waiting(1);
    options.last_answers = 20ms;
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, options);
    for (int n = 1; n <= 2; ++n) BOOST_TEST(!send_to(client, call(n)));
    done ended;
    client.async_end(ended.handler());
    run(server.async_wait());
    run_until(io, [&] { return running == 0; });
    BOOST_TEST(began.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_shutdown_reads_on_when_what_waited_is_refused) {
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, waiting(1));
    for (int n = 1; n <= 5; ++n) BOOST_TEST(!send_to(client, call(n)));
    run_until(io, [&] { return began.size() == 1; });
    run_ready(io);
    done shut;
    server.async_shutdown(shut.handler());
    for (int n = 2; n <= 5; ++n) {
        const auto refused = next_value(client);
        BOOST_TEST((refused["id"] == rpc::value(n)));
        BOOST_TEST((code_of(refused) == rpc::value(rpc::fault_code::busy)));
    }
    client.close();  // the function that runs has no caller any more
    run_until(io, [&] { return shut.count == 1; });
    run_until(io, [&] { return running == 0; });
}

// --- cancellations and deadlines

BOOST_AUTO_TEST_CASE(a_call_that_waits_is_cancelled_at_once) {
    for (const bool batch : {false, true}) {
        began.clear();
        auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, waiting(1));
        if (batch) {
            BOOST_TEST(!send_to(client, batch_of({call(1), call(2), call(3), cancel_of(2)})));
        } else {
            BOOST_TEST(!send_to(client, call(1)));
            BOOST_TEST(!send_to(client, call(2)));
            BOOST_TEST(!send_to(client, cancel_of(2)));
            const auto cancelled = next_value(client);
            BOOST_TEST((cancelled["id"] == rpc::value(2)));
            BOOST_TEST((code_of(cancelled) == rpc::value(rpc::fault_code::request_cancelled)));
            BOOST_TEST(!send_to(client, call(3)));
        }
        std::vector<rpc::value> answers;
        while (answers.size() < (batch ? 3 : 2)) {
            auto next = next_while_open(client);
            if (const auto* list = next.get_if<rpc::array>())
                answers.assign(list->begin(), list->end());
            else
                answers.push_back(std::move(next));
        }
        for (const auto& one : answers)
            BOOST_TEST((one["id"] == rpc::value(2) ? code_of(one) == rpc::value(rpc::fault_code::request_cancelled)
                                                   : one["result"] == one["id"]));
        BOOST_TEST((began == std::vector<int>{1, 3}));
        run_ready(io);
        BOOST_TEST(server.counters().served == 3u);
    }
}

BOOST_AUTO_TEST_CASE(a_call_that_waits_and_mcp_cancels_is_not_answered) {
    auto [server, client] = connect_to_bare(rpc::json_rpc(rpc::json_rpc_options::mcp()), calls, waiting(1));
    BOOST_TEST(!send_to(client, call(1)));
    BOOST_TEST(!send_to(client, call(2)));
    BOOST_TEST(!send_to(client, R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}})"));
    BOOST_TEST(!send_to(client, call(3, "now")));
    BOOST_TEST((next_while_open(client)["id"] == rpc::value(1)));
    BOOST_TEST((next_while_open(client)["id"] == rpc::value(3)));
    BOOST_TEST((began == std::vector<int>{1, 3}));
}

BOOST_AUTO_TEST_CASE(the_deadline_of_a_call_counts_from_its_arrival) {
    rpc::json_rpc_options conventions;
    conventions.deadline_member = "timeoutMs";
    std::chrono::steady_clock::time_point deadline;
    calls.on("deadline", [&](int n, rpc::context& c) {
        began.push_back(n);
        deadline = c.deadline().value();
        return n;
    });
    auto [server, client] = connect_to_bare(rpc::json_rpc(conventions), calls, waiting(1));
    BOOST_TEST(!send_to(client, call(1)));
    BOOST_TEST(!send_to(client, call(2, "now", R"(,"timeoutMs":20)")));
    BOOST_TEST(!send_to(client, call(3, "deadline", R"(,"timeoutMs":3600000)")));
    run_until(io, [&] { return began.size() == 1; });
    run_ready(io);
    const auto arrived = std::chrono::steady_clock::now();
    asio::steady_timer passed(io, arrived + 20ms);
    done late_enough;
    passed.async_wait(late_enough.handler());
    run_until(io, [&] { return late_enough.count == 1; });
    BOOST_TEST((next_while_open(client)["result"] == rpc::value(1)));
    const auto late = next_while_open(client);
    BOOST_TEST((late["id"] == rpc::value(2)));
    BOOST_TEST((code_of(late) == rpc::value(rpc::fault_code::request_cancelled)));
    BOOST_TEST((next_while_open(client)["result"] == rpc::value(3)));
    BOOST_TEST((began == std::vector<int>{1, 3}));
    BOOST_TEST((deadline > arrived + 59min));
}

// --- memory

BOOST_AUTO_TEST_CASE(batches_that_wait_take_no_more_memory_than_calls_may) {
    constexpr long most_kib = sanitized ? 120000 : 12000;
    auto options = waiting(1);
    options.unsent_bytes = std::size_t{4} << 20;
    calls.on("note", [](const std::vector<int>&) {});
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, options);
    called own;
    server.prepare_call<int>("f")(own.handler());
    next_value(client);
    BOOST_TEST(!send_to(client, call(1)));
    run_until(io, [&] { return began.size() == 1; });
    const std::vector<std::string> many(
        1000, R"({"jsonrpc":"2.0","method":"note","params":[[1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9]]})");
    const auto batch = batch_of(many);
    const auto before = resident_kib();
    std::uint64_t sent = 0;
    while (server.counters().refused == 0 && sent < 200) {
        BOOST_TEST_REQUIRE(!send_to(client, batch));
        run_until(io, [&] { return server.is_open(); });
        run_ready(io);
        ++sent;
    }
    BOOST_TEST(sent < 200u);  // they are bounded
    BOOST_TEST(sent > 1u);    // and some wait
    BOOST_TEST(resident_kib() - before < most_kib);
    server.close();
    run_until(io, [&] { return own.count == 1 && running == 0; });
}

BOOST_AUTO_TEST_CASE(answers_that_wait_for_the_rest_of_their_batch_are_bounded) {
    calls.on("large", [](int) { return std::string(100000, 'x'); });
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, {.unsent_bytes = 1 << 20});
    int sent = 0;
    for (int turn = 0; turn < 400; ++turn) {
        while (sent < 400 && client.try_send(batch_of({call(2 * sent + 1, "large"), call(2 * sent + 2)}))) ++sent;
        run_ready(io);
    }
    BOOST_TEST(sent == 400);
    BOOST_TEST(began.size() < 20u);  // a million bytes are 10 answers
    BOOST_TEST(began.size() > 5u);
    // They leave with the rest of their batch, and reading goes on.
    int answers = 0;
    for (; answers < 400; ++answers) BOOST_TEST_REQUIRE(next_while_open(client).get<rpc::array>().size() == 2u);
    BOOST_TEST(began.size() == 400u);
}

BOOST_AUTO_TEST_CASE(answers_that_wait_beside_calls_of_this_side_have_a_hard_limit) {
    calls.on("large", [](int) { return std::string(100000, 'x'); });
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, {.unsent_bytes = 100000});
    called own;
    server.prepare_call<int>("f")(own.handler());
    next_value(client);
    const auto before = resident_kib();
    for (int n = 0; n < 200; ++n)
        BOOST_TEST_REQUIRE(!send_to(client, batch_of({call(2 * n + 1, "large"), call(2 * n + 2)})));
    run_until(io, [&] { return began.size() == 200; });
    if (!sanitized) BOOST_TEST(resident_kib() - before < 10000);  // 1.6 MB, not 20
    BOOST_TEST(server.is_open());
    int faults = 0;
    for (int n = 0; n < 200; ++n)
        if (code_of(next_while_open(client).get<rpc::array>()[0]) == rpc::value(rpc::fault_code::internal_error))
            ++faults;
    BOOST_TEST(faults > 150);
    BOOST_TEST(faults < 200);
    server.close();
    run_until(io, [&] { return own.count == 1; });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
