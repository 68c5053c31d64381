// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Messages with a bad part, and messages that are none: what can be read of them is used, an answer is never answered,
// and noise is bounded.

#include "rpc_tools.hpp"

#include <parley/rpc/from_value.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/describe/class.hpp>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(invalid_messages_test)
namespace {

using namespace std::string_literals;

struct visitor {
    std::string user{};
};
BOOST_DESCRIBE_STRUCT(visitor, (), (user))

rpc::router some_calls() {
    rpc::router calls;
    calls.on("sum", [](int a, int b, int c) { return a + b + c; });
    calls.on("any", [](const rpc::value&) { return 1; });
    calls.on("named", {"user"}, [](const std::string& user) { return user; });
    calls.on("struct", [](const visitor& v) { return v.user; });
    calls.on("map", [](const std::map<std::string, std::string>& m) { return m.size(); });
    return calls;
}

struct invalid_fixture : rpc_fixture {
    std::string next(any_channel& from) {
        const auto got = receive_from(from);
        return got.message.value_or("(the end)");
    }
    rpc::value next_value(any_channel& from) { return rpc::from_json(next(from)).value(); }
    void say(any_channel& to, std::string_view text) { BOOST_TEST_REQUIRE(!send_to(to, text)); }
    /// Nothing was sent before the answer to this.
    void check_nothing_was_said(any_channel& other) {
        say(other, R"({"jsonrpc":"2.0","method":"sum","params":[1,1,1],"id":99})");
        BOOST_TEST(next(other) == R"({"jsonrpc":"2.0","result":3,"id":99})");
    }
    std::string packed_call(const std::string& method, const std::string& arguments, char id = 1) {
        return "\x94\x00"s + id + static_cast<char>(0xa0 + method.size()) + method + arguments;
    }
};

/// A result, or a part of an error, that cannot be read.
const std::vector<std::string> bad_parts{R"("\ud83d")",
                                         R"("\ude00 \ud83d")",
                                         "\"\xff\"",
                                         "\"\xc0\x80\"",
                                         R"({"\ud83d":1})",
                                         R"([1,{"a":"\udc00"}])",
                                         "1e400",
                                         "-1e999",
                                         "NaN",
                                         "Infinity",
                                         "tru",
                                         "01",
                                         "[1,]",
                                         R"({"a":1,})",
                                         "\"a\tb\"",
                                         R"("\x41")",
                                         R"({"a":1,"b":2,"a":3})",
                                         std::string(70, '[') + std::string(70, ']')};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(invalid_messages_suite, invalid_fixture)

BOOST_AUTO_TEST_CASE(an_answer_that_cannot_be_understood_ends_its_call_and_is_not_answered) {
    std::vector<std::string> answers{R"({"jsonrpc":"2.0","id":1})",
                                     R"({"id":1})",
                                     R"({"jsonrpc":"2.0","id":1,"error":null})",
                                     R"({"jsonrpc":"2.0","id":1,"result":5,"result":6})",
                                     R"({"jsonrpc":"2.0","id":1,"result":"a "b" c"})",
                                     R"({"jsonrpc":"2.0","id":1,"result":[1,2)",
                                     R"({"jsonrpc":"2.0","id":1,"res)",
                                     R"({"jsonrpc":"2.0","result":1,"id":1,"\ud83d":0})",
                                     R"([{"jsonrpc":"2.0","result":"\ud83d","id":1}])"};
    for (const auto& bad : bad_parts) {
        answers.push_back(R"({"jsonrpc":"2.0","id":1,"result":)" + bad + "}");
        answers.push_back(R"({"result":)" + bad + R"(,"id":1,"jsonrpc":"2.0"})");
        answers.push_back(R"({"jsonrpc":"2.0","error":{"code":1,"message":)" + bad + R"(},"id":1})");
    }
    for (const auto& answer : answers) {
        auto [client, other] = connect_to_bare(rpc::json_rpc(), some_calls());
        called call;
        client.prepare_call<int>("f")(call.handler());
        BOOST_TEST_REQUIRE(next(other).ends_with("\"id\":1}"));
        say(other, answer);
        run_until(io, [&] { return call.count == 1; });
        BOOST_TEST(call.ec == make_error_code(rpc::errc::invalid_reply), answer);
        BOOST_TEST(client.counters().invalid_messages == 1u);
        check_nothing_was_said(other);
    }
}

BOOST_AUTO_TEST_CASE(the_place_of_what_is_bad_in_an_answer_is_said) {
    auto [client, other] = connect_to_bare(rpc::json_rpc());
    called call;
    client.prepare_call<int>("f")(call.handler());
    next(other);
    say(other, R"({"jsonrpc":"2.0","id":1,"result":{"all":["a","b\ud83d"]}})");
    run_until(io, [&] { return call.count == 1; });
    BOOST_TEST(call.what.starts_with("f: result.all[1]: byte 47: no JSON: half of a surrogate pair"), call.what);
}

BOOST_AUTO_TEST_CASE(an_answer_is_taken_where_its_call_and_its_result_can_be_read) {
    for (const auto* answer :
         {R"({"id":1,"result":5})", R"({"jsonrpc":"1.0","id":1,"result":5})", R"({"id":1,"result":5,"error":null})",
          R"({"jsonrpc":"2.0","id":1.0,"result":5})", R"({"jsonrpc":"2.0","id":1e0,"result":5})",
          R"({"jsonrpc":"2.0","id":10e-1,"result":5})", R"({"jsonrpc":"2.0","id":0.1E+1,"result":5.0})",
          R"({"jsonrpc":"2.0","result":5,"id":1,"more":{"a":1e3}})"}) {
        auto [client, other] = connect_to_bare(rpc::json_rpc());
        called call;
        client.prepare_call<int>("f")(call.handler());
        next(other);
        say(other, answer);
        run_until(io, [&] { return call.count == 1; });
        BOOST_TEST(!call.ec, answer);
        BOOST_TEST(call.result == 5);
    }
}

BOOST_AUTO_TEST_CASE(an_answer_that_belongs_to_no_call_is_counted_and_not_answered) {
    auto [client, other] = connect_to_bare(rpc::json_rpc(), some_calls());
    called call;
    client.prepare_call<int>("f")(call.handler());
    next(other);
    std::uint64_t unknown = 0;
    for (const auto* id : {"\"1\"", "null", "{\"a\":1}", "[1]", "true", "1.5", "-1", "17",
                           "123456789012345678901234567890", "1e400", "\"\\ud83d\"", "4294967297"}) {
        for (const auto* rest : {R"("result":5)", R"("result":"\ud83d")", R"("error":{"code":-32700,"message":"x"})"}) {
            say(other, R"({"jsonrpc":"2.0",)"s + rest + R"(,"id":)" + id + "}");
            check_nothing_was_said(other);
            BOOST_TEST(client.counters().unknown_answers == ++unknown, id);
        }
    }
    say(other, R"({"jsonrpc":"2.0","id":1,"result":5,"id":2})");  // which of them?
    say(other, R"({"jsonrpc":"2.0","result":5})");
    check_nothing_was_said(other);
    BOOST_TEST(client.counters().unknown_answers == unknown + 2);
    BOOST_TEST(call.count == 0);
    say(other, reply_to(1, 5));
    run_until(io, [&] { return call.count == 1; });
    BOOST_TEST(call.result == 5);
}

BOOST_AUTO_TEST_CASE(a_call_with_a_bad_part_is_answered_with_its_id) {
    auto [server, other] = connect_to_bare(rpc::json_rpc(), some_calls());
    int id = 1;
    std::vector<std::string> calls;
    for (const auto& bad : bad_parts) {
        calls.push_back(R"({"jsonrpc":"2.0","method":"any","params":[)" + bad + R"(],"id":ID})");
        calls.push_back(R"({"id":ID,"method":"any","params":{"a":)" + bad + R"(},"jsonrpc":"2.0"})");
    }
    calls.emplace_back(R"({"jsonrpc":"2.0","id":ID,"method":"any","params":[1,2)");
    calls.emplace_back(R"({"jsonrpc":"2.0","id":ID,"method":"any","params":[1 2]})");
    calls.emplace_back(R"({"jsonrpc":"2.0","id":ID,"method":"any","params":[1}})");
    calls.emplace_back(R"({"jsonrpc":"2.0","id":ID,"method":"an\ud83d"})");
    calls.emplace_back(R"({"jsonrpc":"2.0","id":ID,"method":"any","method":"sum"})");
    calls.emplace_back("{\"jsonrpc\":\"2.0\",\"id\":ID,\"method\":\"any\",\"\xff\":1}");
    for (auto call : calls) {
        call.replace(call.find("ID"), 2, std::to_string(++id));
        say(other, call);
        const auto reply = next_value(other);
        BOOST_TEST((reply["id"] == rpc::value(id)), call);
        BOOST_TEST((reply["error"].kind() == rpc::kind::map));
        BOOST_TEST(reply["error"]["data"].text() != nullptr);
    }
    BOOST_TEST(server.is_open());
    say(other, R"({"jsonrpc":"2.0","method":"any","params":[1,{"x y":["\ud83d"]}],"id":5})");
    const auto reply = next_value(other);
    BOOST_TEST(*reply["error"]["data"].text() == "params[1][\"x y\"][0]: byte 53: no JSON: half of a surrogate pair");
}

BOOST_AUTO_TEST_CASE(a_notification_with_a_bad_part_is_counted_and_not_answered) {
    auto [server, other] = connect_to_bare(rpc::json_rpc(), some_calls());
    for (const auto& bad : bad_parts) say(other, R"({"jsonrpc":"2.0","method":"any","params":[)" + bad + "]}");
    check_nothing_was_said(other);
    BOOST_TEST(server.counters().invalid_messages == bad_parts.size());
    BOOST_TEST(server.is_open());
}

BOOST_AUTO_TEST_CASE(ids_come_back_as_they_were_or_are_refused_with_null) {
    auto [server, other] = connect_to_bare(rpc::json_rpc(), some_calls());
    const std::string longest = '"' + std::string(254, 'i') + '"', too_long = '"' + std::string(300, 'i') + '"';
    const std::pair<std::string, std::string> all[] = {
        {"123456789012345678901234567890", "123456789012345678901234567890"},
        {"-0.5e-3", "-0.5e-3"},
        {"1.0", "1"},
        {"1e2", "100"},
        {"18446744073709551616", "18446744073709551616"},
        {longest, longest},
        {too_long, "null"},
        {R"({"a":1})", "null"},
        {"[1]", "null"},
        {"true", "null"},
        {R"("\ud83d")", "null"},
        {"1e400", "null"},
    };
    for (const auto& [sent, back] : all) {
        for (const auto* head : {R"({"jsonrpc":"2.0",)", "{"}) {
            say(other, head + R"("method":"sum","params":[1,2,4],"id":)"s + sent + "}");
            const auto reply = next(other);
            if (back == "1" || back == "100")  // equal is enough
                BOOST_TEST((rpc::from_json(reply).value()["id"] == rpc::value(std::stoi(back)) ||
                            reply.ends_with("\"id\":" + sent + "}")));
            else
                BOOST_TEST(reply.ends_with("\"id\":" + back + "}"), reply);
        }
    }
}

BOOST_AUTO_TEST_CASE(ids_that_are_equal_numbers_are_the_same_for_a_cancellation) {
    for (const auto& [id, same] : {std::pair("7", "7.0"),
                                   {"700e-2", "7"},
                                   {"1e30", "1000000000000000000000000000000"},
                                   {"2.50", "25e-1"},
                                   {"\"a\"", "\"\\u0061\""}}) {
        rpc::router calls;
        asio::steady_timer gate(io, asio::steady_timer::time_point::max());
        calls.on("wait", [&]() -> task<int> {
            co_await gate.async_wait(asio::use_awaitable);
            co_return 1;
        });
        auto [server, other] = connect_to_bare(rpc::json_rpc(), calls);
        say(other, R"({"jsonrpc":"2.0","method":"wait","id":)"s + id + "}");
        say(other, R"({"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":)"s + same + "}}");
        BOOST_TEST((next_value(other)["error"]["code"] == rpc::value(rpc::fault_code::request_cancelled)), id);
    }
}

BOOST_AUTO_TEST_CASE(a_bad_member_of_a_batch_is_one_member) {
    auto [client, other] = connect_to_bare(rpc::json_rpc(), some_calls());
    called call, second;
    client.prepare_call<int>("f")(call.handler());
    client.prepare_call<int>("f")(second.handler());
    next(other);
    next(other);
    say(other, R"([{"jsonrpc":"2.0","method":"sum","params":[1,2,4],"id":"a"},)"
               R"({"jsonrpc":"2.0","method":"any","params":["\ud83d"],"id":"b"},)"
               R"({"jsonrpc":"2.0","result":"\ud83d","id":1},)"
               R"({"jsonrpc":"2.0","method":"any","params":["\ud83d"]},)"
               R"({"jsonrpc":"2.0","method":"sum","params":[1,2,5],"id":"c"},)"
               R"({"jsonrpc":"2.0","result":6,"id":2}])");
    const auto reply = next_value(other);
    const auto& all = reply.get<rpc::array>();
    BOOST_TEST_REQUIRE(all.size() == 3u);
    BOOST_TEST((all[0] == rpc::from_json(R"({"jsonrpc":"2.0","result":7,"id":"a"})").value()));
    BOOST_TEST((all[1]["id"] == rpc::value("b")));
    BOOST_TEST(all[1]["error"]["data"].text()->starts_with("params[0]: byte "));
    BOOST_TEST((all[2] == rpc::from_json(R"({"jsonrpc":"2.0","result":8,"id":"c"})").value()));
    run_until(io, [&] { return call.count == 1 && second.count == 1; });
    BOOST_TEST(call.ec == make_error_code(rpc::errc::invalid_reply));
    BOOST_TEST(second.result == 6);
}

BOOST_AUTO_TEST_CASE(the_answers_in_a_batch_that_breaks_off_are_taken) {
    auto [client, other] = connect_to_bare(rpc::json_rpc(), some_calls());
    called call, second;
    client.prepare_call<int>("f")(call.handler());
    client.prepare_call<int>("f")(second.handler());
    next(other);
    next(other);
    say(other, R"([{"jsonrpc":"2.0","result":6,"id":1},{"jsonrpc":"2.0","id":2,"result":[1,)");
    run_until(io, [&] { return call.count == 1 && second.count == 1; });
    BOOST_TEST(call.result == 6);
    BOOST_TEST(second.ec == make_error_code(rpc::errc::invalid_reply));
    check_nothing_was_said(other);
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_is_passed_over_at_the_beginning_alone) {
    auto divided = rpc::json_rpc_options();
    divided.framing = rpc::json_framing::length_prefix;
    for (const auto& protocol : {rpc::json_rpc(), rpc::json_rpc(rpc::json_rpc_options::language_server()),
                                 rpc::json_rpc(rpc::json_rpc_options::mcp()), rpc::json_rpc(divided)}) {
        auto [server, other] = connect_to_bare(protocol, some_calls());
        const std::string call =
            "\xEF\xBB\xBF"
            R"({"jsonrpc":"2.0","method":"sum","params":[1,2,4],"id":1})";
        say(other, call);
        BOOST_TEST(next(other) == R"({"jsonrpc":"2.0","result":7,"id":1})");
        say(other, call);
        BOOST_TEST((next_value(other)["error"]["code"] == rpc::value(rpc::fault_code::parse_error)));
    }
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_before_the_header_is_passed_over) {
    const auto protocol = rpc::json_rpc(rpc::json_rpc_options::language_server());
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    rpc::connection server(protocol.make_channel(std::move(a)), some_calls(), {.protocol = protocol});
    const std::string call = R"({"jsonrpc":"2.0","method":"sum","params":[1,2,4],"id":1})";
    asio::write(b, asio::buffer("\xEF\xBB\xBF"
                                "Content-Length: " +
                                std::to_string(call.size()) + "\r\n\r\n" + call));
    auto other = protocol.make_channel(std::move(b));
    BOOST_TEST(next(other) == R"({"jsonrpc":"2.0","result":7,"id":1})");
}

BOOST_AUTO_TEST_CASE(blank_lines_between_messages_are_passed_over) {
    for (const auto& protocol : {rpc::json_rpc(), rpc::json_rpc(rpc::json_rpc_options::mcp())}) {
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        rpc::connection server(protocol.make_channel(std::move(a)), some_calls(), {.protocol = protocol});
        std::string blank;
        for (int i = 0; i < 100; ++i) blank += "\n\r\n \t\n";
        asio::write(
            b, asio::buffer("\xEF\xBB\xBF\n" + blank + R"({"jsonrpc":"2.0","method":"sum","params":[1,2,4],"id":1})" +
                            "\n" + blank + R"({"jsonrpc":"2.0","method":"sum","params":[1,2,5],"id":2})" + "\r\n"));
        auto other = protocol.make_channel(std::move(b));
        BOOST_TEST(next(other) == R"({"jsonrpc":"2.0","result":7,"id":1})");
        BOOST_TEST(next(other) == R"({"jsonrpc":"2.0","result":8,"id":2})");
        BOOST_TEST(server.counters().invalid_messages == 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_side_that_only_calls_says_nothing_to_noise) {
    auto [client, other] = connect_to_bare(rpc::json_rpc());
    called call;
    client.prepare_call<int>("f")(call.handler());
    next(other);
    for (const auto* noise :
         {"hello", "{\"a\":1}", "[1]", "[]", "7", "{\"jsonrpc\":\"2.0\",\"method\":1}", "tru", "\xff"})
        say(other, noise);
    say(other, reply_to(1, 5));
    run_until(io, [&] { return call.count == 1; });
    BOOST_TEST(call.result == 5);
    BOOST_TEST(client.counters().invalid_messages == 8u);
    // A call is answered all the same, and is what comes first.
    say(other, R"({"jsonrpc":"2.0","method":"f","id":"x"})");
    BOOST_TEST((next_value(other)["id"] == rpc::value("x")));
}

BOOST_AUTO_TEST_CASE(noise_ends_the_connection_and_the_first_of_it_is_named) {
    for (const auto& calls : {rpc::router(), some_calls()}) {
        auto [client, other] = connect_to_bare(rpc::json_rpc(), calls);
        called call;
        client.prepare_call<int>("f")(call.handler());
        next(other);
        say(other, R"({"jsonrpc":"2.0","method":"told"})");
        for (int i = 0; i < 15; ++i) say(other, "noise");
        say(other, R"({"jsonrpc":"2.0","method":"told"})");  // one that is a message, and it begins anew
        for (int i = 0; i < 15; ++i) say(other, "y");
        run_until(io, [&] { return client.counters().invalid_messages == 30; });
        BOOST_TEST(client.is_open());
        say(other, "the last");
        run_until(io, [&] { return !client.is_open() && call.count == 1; });
        BOOST_TEST(call.ec == make_error_code(rpc::errc::disconnected));
        BOOST_TEST(client.failure().code() == make_error_code(rpc::errc::invalid_request));
        BOOST_TEST(client.failure().context().starts_with("message 18: byte 0: no JSON: "), client.failure());
    }
}

BOOST_AUTO_TEST_CASE(how_much_noise_ends_a_connection_is_an_option) {
    auto [client, other] = connect_to_bare(rpc::json_rpc(), {}, {.invalid_messages = 1});
    say(other, "noise");
    run_until(io, [&] { return !client.is_open(); });
    BOOST_TEST(client.failure().context() == "message 1: byte 0: no JSON: syntax error");
    auto [patient, second] = connect_to_bare(rpc::json_rpc(), {}, {.invalid_messages = std::nullopt});
    for (int i = 0; i < 1000; ++i) say(second, "noise");
    run_until(io, [&] { return patient.counters().invalid_messages == 1000; });
    BOOST_TEST(patient.is_open());
}

BOOST_AUTO_TEST_CASE(answers_to_noise_are_not_kept_for_a_side_that_does_not_read) {
    auto [server, other] =
        connect_to_bare(rpc::json_rpc(), some_calls(), {.invalid_messages = std::nullopt, .unsent_bytes = 65536});
    called call;
    server.prepare_call<int>("f")(call.handler());  // so that reading goes on
    for (int i = 0; i < 1000 && server.is_open(); ++i) {
        for (int n = 0; n < 1000; ++n) (void)other.try_send("noise");
        run_ready(io);
    }
    BOOST_TEST(!server.is_open());
    BOOST_TEST(server.failure().code() == make_error_code(parley::errc::limit_exceeded));
    run_until(io, [&] { return call.count == 1; });
}

BOOST_AUTO_TEST_CASE(a_fault_that_is_too_large_to_be_sent_is_answered_with_a_small_one) {
    rpc::router calls;
    calls.on("f", []() -> int { throw rpc::fault(7, std::string(5000, 'x')); });
    auto [client, server] = connect(rpc::json_rpc(), calls, {}, {}, {.message_bytes = 1000});
    const auto failure = failure_of(client.prepare_call<int>("f"));
    BOOST_TEST(*failure.fault()->data().text() == "the answer is too large");
}

BOOST_AUTO_TEST_CASE(a_call_that_mcp_has_cancelled_is_not_answered) {
    auto silent = rpc::json_rpc_options();
    silent.answer_cancelled = false;
    for (const bool batch : {false, true}) {
        const auto protocol = rpc::json_rpc(batch ? silent : rpc::json_rpc_options::mcp());
        rpc::router calls = some_calls();
        asio::steady_timer gate(io, asio::steady_timer::time_point::max());
        calls.on("wait", [&](rpc::context& c) -> task<int> {
            error_code ignored;
            co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            BOOST_TEST(c.cancelled());
            co_return 1;
        });
        auto [server, other] = connect_to_bare(protocol, calls);
        const auto wait = R"({"jsonrpc":"2.0","method":"wait","id":1})"s;
        const auto sum = R"({"jsonrpc":"2.0","method":"sum","params":[1,2,4],"id":2})"s;
        say(other, batch ? "[" + wait + "," + sum + "]" : wait);
        run_until(io, [&] { return server.counters().running == 1; });
        say(other,
            batch
                ? R"({"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}})"
                : R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"\ud83d"}})");
        if (batch) BOOST_TEST(next(other) == R"([{"jsonrpc":"2.0","result":7,"id":2}])");
        run_until(io, [&] { return server.counters().running == 0; });
        check_nothing_was_said(other);
    }
}

BOOST_AUTO_TEST_CASE(a_connection_of_varlink_cannot_be_upgraded) {
    rpc::router calls;
    int made = 0;
    calls.on("a.F", [&] { ++made; });
    auto [server, other] = connect_to_bare(rpc::varlink(), calls);
    say(other, R"({"method":"a.F","upgrade":true})");
    BOOST_TEST(next(other) == R"({"error":"org.varlink.service.InvalidParameter","parameters":)"
                              R"({"parameter":"upgrade: this connection cannot be upgraded"}})");
    say(other, R"({"method":"a.F","upgrade":true,"oneway":true})");
    say(other, R"({"method":"a.F","upgrade":false})");
    BOOST_TEST(next(other) == R"({"parameters":{}})");
    BOOST_TEST(made == 1);
}

BOOST_AUTO_TEST_CASE(a_bad_part_in_varlink_costs_one_call) {
    rpc::router calls;
    calls.on("a.F", {"x"}, [](const rpc::value&) { return 1; });
    auto [server, other] = connect_to_bare(rpc::varlink(), calls);
    for (const auto& bad : bad_parts) {
        say(other, R"({"method":"a.F","parameters":{"x":)" + bad + R"(},"oneway":true})");
        say(other, R"({"method":"a.F","parameters":{"x":)" + bad + "}}");
        BOOST_TEST(next(other).starts_with(
                       R"({"error":"org.varlink.service.InvalidParameter","parameters":{"parameter":"parameters.x)"),
                   bad);
    }
    say(other, R"({"method":"a.F","parameters":{"x":1}})");
    BOOST_TEST(next(other) == R"({"parameters":{"result":1}})");

    for (const auto& bad : bad_parts) {
        auto [client, service] = connect_to_bare(rpc::varlink());
        called first, second;
        client.prepare_call<int>("a.F")(first.handler());
        client.prepare_call<int>("a.F")(second.handler());
        say(service, R"({"parameters":{"result":)" + bad + "}}");
        say(service, R"({"parameters":{"result":2}})");
        run_until(io, [&] { return second.count == 1; });
        BOOST_TEST(first.ec == make_error_code(rpc::errc::invalid_reply), bad);
        BOOST_TEST(second.result == 2);
    }
}

BOOST_AUTO_TEST_CASE(a_bad_part_in_message_pack_costs_one_call) {
    const std::string bad[] = {
        "\x81\x01\x02"s,              // {1: 2}
        "\x82\xa1"                    //
        "a\x01\x90\xc0"s,             // {"a": 1, []: nil}
        "\x81\x81\x01\x02\x03"s,      // {{1: 2}: 3}
        "\x81\xc0\x91\x81\xc3\xc2"s,  // {nil: [{true: false}]}
        "\x82\xa1"                    //
        "a\x01\xa1"                   //
        "a\x02"s,                     // {"a": 1, "a": 2}
        std::string(100, '\x91') +
            "\x84\xa1"
            "a\xcb"
            "12345678\xa1"
            "b\xd9\x03xyz\xa1"
            "c\xc7\x02\x01zz\xa1"
            "d\xd6zzzzz",  // too deep
    };
    rpc::router calls = some_calls();
    asio::steady_timer gate(io, asio::steady_timer::time_point::max());
    calls.on("wait", [&]() -> task<int> {
        error_code ignored;
        co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        co_return 1;
    });
    for (const auto& one : bad) {
        auto [server, other] = connect_to_bare(rpc::message_pack_rpc(), calls);
        say(other, packed_call("wait", "\x90"));
        say(other, packed_call("any", "\x91" + one, 2));
        const auto reply = next(other);
        BOOST_TEST(reply.starts_with("\x94\x01\x02\x93\xd1\x80\xa6"s));  // [1, 2, [-32602, …], nil]
        BOOST_TEST(reply.find("params[0]") != std::string::npos);
        say(other,
            "\x93\x02\xa3"
            "any\x91" +
                one);  // a notification
        say(other, packed_call("sum", "\x93\x01\x02\x04", 3));
        BOOST_TEST(next(other) == "\x94\x01\x03\xc0\x07"s);
        gate.cancel();
        BOOST_TEST(next(other) == "\x94\x01\x01\xc0\x01"s);
        BOOST_TEST(server.counters().invalid_messages == 2u);

        auto [client, service] = connect_to_bare(rpc::message_pack_rpc());
        called first, second;
        client.prepare_call<int>("f")(first.handler());
        client.prepare_call<int>("f")(second.handler());
        say(service, "\x94\x01\x01\xc0"s + one);
        say(service, "\x94\x01\x02"s + one + "\xc0");
        run_until(io, [&] { return first.count == 1 && second.count == 1; });
        BOOST_TEST(first.ec == make_error_code(rpc::errc::invalid_reply));
        BOOST_TEST(second.ec == make_error_code(rpc::errc::invalid_reply));
        BOOST_TEST(client.is_open());
    }
}

BOOST_AUTO_TEST_CASE(a_name_that_comes_twice_is_refused_everywhere) {
    auto [server, other] = connect_to_bare(rpc::json_rpc(), some_calls());
    for (const auto* method : {"named", "struct", "map", "any"}) {
        for (const auto* twice : {R"({"user":"guest","user":"root"})", R"({"user":"guest","\u0075ser":"root"})"}) {
            say(other, R"({"jsonrpc":"2.0","id":1,"method":")"s + method + R"(","params":)" + twice + "}");
            const auto reply = next_value(other);
            BOOST_TEST((reply["error"]["code"] == rpc::value(rpc::fault_code::invalid_params)), method);
            BOOST_TEST(reply["error"]["data"].text()->starts_with("params.user: byte "), method);
            BOOST_TEST(reply["error"]["data"].text()->ends_with("the name \"user\" comes twice"), method);
        }
    }
    // Of many, and those of the message itself.
    std::string many = R"({"jsonrpc":"2.0","id":1,"method":"any","params":[{"user":0)";
    for (int i = 0; i < 1000; ++i) many += ",\"n" + std::to_string(i) + "\":0";
    say(other, many + R"(,"user":1}]})");
    BOOST_TEST(next_value(other)["error"]["data"].text()->ends_with("the name \"user\" comes twice"));
    say(other, R"({"jsonrpc":"2.0","id":1,"id":2,"method":"any","params":[1]})");
    BOOST_TEST(next_value(other)["id"].is_null());
    say(other, R"({"jsonrpc":"2.0","id":1,"method":"any","params":[1],"params":[2]})");
    const auto reply = next_value(other);
    BOOST_TEST((reply["id"] == rpc::value(1)));
    BOOST_TEST((reply["error"]["code"] == rpc::value(rpc::fault_code::invalid_request)));

    BOOST_TEST(rpc::from_json(R"([{"a":1,"b":{"c":1,"c":2}}])").error().context() ==
               "byte 19: the name \"c\" comes twice");
    const rpc::value twice = rpc::object{{"user", "guest"}, {"user", "root"}};
    BOOST_TEST(rpc::from_value<visitor>(twice).error().context() == "value.user: the name \"user\" comes twice");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
