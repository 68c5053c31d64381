// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Every example of the specification, in and out, and what it says beside them. Source: jsonrpc.org/specification.

#include "rpc_tools.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(json_rpc_test)
namespace {

/// Without spaces, which the examples have for readers; no text of theirs has one within.
std::string dense(std::string_view text) {
    std::string all;
    bool quoted = false;
    for (const char c : text) {
        if (c == '"') quoted = !quoted;
        if (quoted || c != ' ') all += c;
    }
    return all;
}

/// Without `"data"`, which the specification leaves to the server.
rpc::value without_data(const rpc::value& reply) {
    if (const auto* list = reply.get_if<rpc::array>()) {
        rpc::array all;
        for (const auto& one : *list) all.push_back(without_data(one));
        return all;
    }
    rpc::object out;
    for (const auto& [name, v] : reply.get<rpc::object>())
        if (name != "error")
            out[name] = v;
        else
            out[name] = rpc::object{{"code", v["code"]}, {"message", v["message"]}};
    return out;
}

rpc::router spec_calls() {
    rpc::router calls;
    calls.on("subtract", {"minuend", "subtrahend"}, [](int a, int b) { return a - b; });
    calls.on("sum", [](int a, int b, int c) { return a + b + c; });
    calls.on("update", [](int, int, int, int, int) {});
    calls.on("notify_hello", [](int) {});
    calls.on("notify_sum", [](int, int, int) {});
    calls.on("get_data", [] { return std::tuple<std::string, int>("hello", 5); });
    return calls;
}

struct json_rpc_fixture : rpc_fixture {
    json_rpc_fixture() : both_ends(connect_to_bare(rpc::json_rpc(), spec_calls())) {}

    /// What is answered to `request`.
    std::string ask(std::string_view request) {
        BOOST_TEST_REQUIRE(!send_to(both_ends.second, request));
        const auto reply = receive_from(both_ends.second);
        BOOST_TEST_REQUIRE(reply.message.has_value());
        return *reply.message;
    }
    void check(std::string_view request, std::string_view expected) { BOOST_TEST(ask(request) == dense(expected)); }
    void check_fault(std::string_view request, std::string_view expected) {
        const auto reply = rpc::from_json(ask(request)).value();
        BOOST_TEST(without_data(reply) == rpc::from_json(expected).value());
    }
    /// `request` is not answered: what is asked behind it is answered first.
    void check_silence(std::string_view request) {
        BOOST_TEST_REQUIRE(!send_to(both_ends.second, request));
        check(R"({"jsonrpc":"2.0","method":"sum","params":[1,1,1],"id":99})",
              R"({"jsonrpc":"2.0","result":3,"id":99})");
    }

    std::pair<rpc::connection, any_channel> both_ends;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(json_rpc_suite, json_rpc_fixture)

BOOST_AUTO_TEST_CASE(calls_with_arguments_by_place) {
    check(R"({"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1})",
          R"({"jsonrpc": "2.0", "result": 19, "id": 1})");
    check(R"({"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2})",
          R"({"jsonrpc": "2.0", "result": -19, "id": 2})");
}

BOOST_AUTO_TEST_CASE(calls_with_arguments_by_name) {
    check(R"({"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3})",
          R"({"jsonrpc": "2.0", "result": 19, "id": 3})");
    check(R"({"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4})",
          R"({"jsonrpc": "2.0", "result": 19, "id": 4})");
}

BOOST_AUTO_TEST_CASE(notifications_are_not_answered) {
    check_silence(R"({"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]})");
    check_silence(R"({"jsonrpc": "2.0", "method": "foobar"})");
}

BOOST_AUTO_TEST_CASE(a_call_of_a_method_that_there_is_not) {
    check(R"({"jsonrpc": "2.0", "method": "foobar", "id": "1"})",
          R"({"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":"1"})");
}

BOOST_AUTO_TEST_CASE(a_call_that_is_no_json) {
    check_fault(R"({"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz])",
                R"({"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null})");
    check_fault(R"([{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},{"jsonrpc": "2.0", "method"])",
                R"({"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null})");
}

BOOST_AUTO_TEST_CASE(a_call_that_is_none) {
    check_fault(R"({"jsonrpc": "2.0", "method": 1, "params": "bar"})",
                R"({"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null})");
}

BOOST_AUTO_TEST_CASE(batches_that_are_none) {
    constexpr std::string_view bad =
        R"({"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":null})";
    const std::string one(bad);
    check_fault("[]", one);
    check_fault("[1]", "[" + one + "]");
    check_fault("[1,2,3]", "[" + one + "," + one + "," + one + "]");
}

BOOST_AUTO_TEST_CASE(a_batch) {
    check_fault(R"([{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},)"
                R"({"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},)"
                R"({"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},)"
                R"({"foo": "boo"},)"
                R"({"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},)"
                R"({"jsonrpc": "2.0", "method": "get_data", "id": "9"}])",
                R"([{"jsonrpc": "2.0", "result": 7, "id": "1"},)"
                R"({"jsonrpc": "2.0", "result": 19, "id": "2"},)"
                R"({"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},)"
                R"({"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "5"},)"
                R"({"jsonrpc": "2.0", "result": ["hello", 5], "id": "9"}])");
}

BOOST_AUTO_TEST_CASE(a_batch_of_notifications_is_not_answered) {
    check_silence(R"([{"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},)"
                  R"({"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}])");
}

BOOST_AUTO_TEST_CASE(an_id_comes_back_as_it_was) {
    for (const char* id :
         {"0", "-1", "9223372036854775807", "18446744073709551615", "1.5", "\"\"", "\"a\\\"b\"", "null"}) {
        check(std::string(R"({"jsonrpc":"2.0","method":"sum","params":[1,2,4],"id":)") + id + "}",
              std::string(R"({"jsonrpc":"2.0","result":7,"id":)") + id + "}");
    }
}

BOOST_AUTO_TEST_CASE(what_is_wrong_with_a_request_is_said) {
    const auto said = [&](std::string_view request) {
        const auto reply = rpc::from_json(ask(request)).value();
        return *reply["error"]["data"].text();
    };
    BOOST_TEST(said(R"({"method":"sum","id":1})") == "\"jsonrpc\": \"2.0\" was expected");
    BOOST_TEST(said(R"({"jsonrpc":"2.0"})") == "neither a method nor a result");
    BOOST_TEST(said(R"({"jsonrpc":"2.0","method":"sum","params":"x","id":1})") ==
               "the params are neither an array nor a map");
    BOOST_TEST(said(R"({"jsonrpc":"2.0","method":"sum","id":[1]})") == "the id is neither text nor a number");
    BOOST_TEST(said("7") == "a map was expected, not an integer");
    BOOST_TEST(said(R"({"a":tru})") == "byte 5: no JSON: syntax error");
    BOOST_TEST(said(R"({"a":1} x)").starts_with("byte 8: no JSON: "));
}

BOOST_AUTO_TEST_CASE(what_is_sent_is_as_the_specification_has_it) {
    auto& client = both_ends.first;
    auto& server = both_ends.second;
    const auto sent = [&] { return *receive_from(server).message; };
    const auto ignore = [](auto&&...) {};
    client.prepare_call<int>("subtract", 42, 23)(ignore);
    BOOST_TEST(sent() == dense(R"({"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1})"));
    client.prepare_call<int>("subtract", rpc::named("subtrahend", 23, "minuend", 42))(ignore);
    BOOST_TEST(
        sent() ==
        dense(R"({"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 2})"));
    BOOST_TEST(client.try_notify("update", 1, 2, 3, 4, 5));
    BOOST_TEST(sent() == dense(R"({"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]})"));
    BOOST_TEST(client.try_notify("foobar"));
    BOOST_TEST(sent() == dense(R"({"jsonrpc": "2.0", "method": "foobar"})"));
    client.close();
    run_ready(io);
}

BOOST_AUTO_TEST_CASE(a_batch_larger_than_the_limit_is_answered_with_one_fault) {
    auto [server, client] = connect_to_bare(rpc::json_rpc(), spec_calls(), {.batch_calls = 3});
    BOOST_TEST_REQUIRE(!send_to(client, "[1,2,3,4]"));
    const auto reply = rpc::from_json(*receive_from(client).message).value();
    BOOST_TEST((reply["error"]["data"] == rpc::value("a batch of more than 3")));
    BOOST_TEST(server.counters().refused == 1u);
}

BOOST_AUTO_TEST_CASE(a_batch_costs_no_more_than_it_may_have_calls) {
    auto [server, client] = connect_to_bare(rpc::json_rpc(), spec_calls());
    std::string ones = "[1";
    while (ones.size() < 4000000) ones += ",1";
    BOOST_TEST_REQUIRE(!send_to(client, ones + "]"));
    const auto reply = rpc::from_json(*receive_from(client).message).value();
    BOOST_TEST((reply["error"]["data"] == rpc::value("a batch of more than 1024")));
}

BOOST_AUTO_TEST_CASE(the_answers_to_a_batch_are_one_message_that_is_not_too_large) {
    rpc::router calls;
    calls.on("text", [](int n) { return std::string(static_cast<std::size_t>(n), 'x'); });
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, {.message_bytes = 6000});
    std::string request;
    for (int i = 0; i < 10; ++i)
        request += (i == 0 ? "[" : ",") + std::string(R"({"jsonrpc":"2.0","method":"text","params":[1000],"id":)") +
                   std::to_string(i) + "}";
    BOOST_TEST_REQUIRE(!send_to(client, request + "]"));
    const auto answer = *receive_from(client).message;
    BOOST_TEST(answer.size() <= 6000u);
    const auto reply = rpc::from_json(answer).value();
    const auto& all = reply.get<rpc::array>();
    BOOST_TEST_REQUIRE(all.size() == 10u);
    BOOST_TEST(all[0]["result"].text()->size() == 1000u);
    BOOST_TEST(*all[9]["error"]["data"].text() == "the answers to this batch are too large");
    for (std::size_t i = 0; i < 10; ++i) BOOST_TEST((all[i]["id"] == rpc::value(i)));
}

BOOST_AUTO_TEST_CASE(the_answers_to_a_batch_fit_with_their_brackets_and_commas) {
    rpc::router calls;
    calls.on("text", [](int n) { return std::string(static_cast<std::size_t>(n), 'x'); });
    constexpr std::size_t most = 6000;
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls, {.message_bytes = most});
    std::size_t largest = 0;
    for (int length = 300; length < 620; ++length) {
        std::string request;
        for (int i = 0; i < 10; ++i)
            request += (i == 0 ? "[" : ",") + std::string(R"({"jsonrpc":"2.0","method":"text","params":[)") +
                       std::to_string(length) + R"(],"id":)" + std::to_string(i) + "}";
        BOOST_TEST_REQUIRE(!send_to(client, request + "]"));
        const auto size = receive_from(client).message->size();
        BOOST_TEST(size <= most);
        largest = std::max(largest, size);
    }
    BOOST_TEST(largest > most - 20);  // all room is used
    // Calls of which each has room for a fault, and no byte more.
    const auto room = [](std::size_t n) { return n * 257 + 1; };
    for (const std::size_t limit : {room(9) - 1, room(9)}) {
        auto [narrow, other] = connect_to_bare(rpc::json_rpc(), calls, {.message_bytes = limit});
        std::string request;
        for (int i = 0; i < 9; ++i)
            request += (i == 0 ? "[" : ",") + std::string(R"({"jsonrpc":"2.0","method":"text","params":[800],"id":)") +
                       std::to_string(i) + "}";
        BOOST_TEST_REQUIRE(!send_to(other, request + "]"));
        const auto answer = *receive_from(other).message;
        BOOST_TEST(answer.size() <= limit);
        BOOST_TEST(answer.starts_with("[") == (limit == room(9)));
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
