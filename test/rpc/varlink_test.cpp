// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "rpc_tools.hpp"

#include <boost/describe/class.hpp>

#include <string>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(varlink_test)
namespace {

struct pong {
    std::string pong{};
};
BOOST_DESCRIBE_STRUCT(pong, (), (pong))

rpc::router example_calls() {
    rpc::router calls;
    calls.on("org.example.Ping", {"ping"}, [](std::string ping) { return pong{std::move(ping)}; });
    calls.on("org.example.Add", {"a", "b"}, [](int a, int b) { return a + b; });
    calls.on("org.example.Nothing", [] {});
    calls.on("org.example.Fail", [](int) {
        throw rpc::fault(0, "org.example.NotFound", rpc::object{{"what", "cake"}});
    });
    calls.on("org.example.Break", [] { throw rpc::fault(7, "out of order"); });
    calls.on("org.example.Count", {"to"}, [](int to, rpc::context& c) -> task<int> {
        for (int i = 1; i < to; ++i) co_await c.async_send_part(i);
        co_return to;
    });
    return calls;
}

struct varlink_fixture : rpc_fixture {
    std::string ask(any_channel& to, std::string_view request) {
        BOOST_TEST_REQUIRE(!send_to(to, request));
        return receive_from(to).message.value_or("(the end)");
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(varlink_suite, varlink_fixture)

// The forms of the specification.
BOOST_AUTO_TEST_CASE(calls_are_answered_as_varlink_has_it) {
    auto [server, client] = connect_to_bare(rpc::varlink(), example_calls());
    BOOST_TEST(ask(client, R"({"method":"org.example.Ping","parameters":{"ping":"Test"}})") ==
               R"({"parameters":{"pong":"Test"}})");
    BOOST_TEST(ask(client, R"({"method":"org.example.Add","parameters":{"b":3,"a":2}})") ==
               R"({"parameters":{"result":5}})");
    BOOST_TEST(ask(client, R"({"method":"org.example.Nothing"})") == R"({"parameters":{}})");
    BOOST_TEST(ask(client, R"({"method":"org.example.None"})") ==
               R"({"error":"org.varlink.service.MethodNotFound","parameters":{"method":"org.example.None"}})");
    BOOST_TEST(
        ask(client, R"({"method":"org.example.Add","parameters":{"a":2}})") ==
        R"({"error":"org.varlink.service.InvalidParameter","parameters":{"parameter":"params: \"b\" is missing"}})");
    BOOST_TEST(ask(client, R"({"method":"org.example.Break"})") ==
               R"({"error":"org.parley.Fault","parameters":{"message":"out of order","number":7}})");
}

BOOST_AUTO_TEST_CASE(more_answers_come_and_the_last_one_says_so) {
    auto [server, client] = connect_to_bare(rpc::varlink(), example_calls());
    BOOST_TEST(!send_to(client, R"({"method":"org.example.Count","parameters":{"to":3},"more":true})"));
    BOOST_TEST(*receive_from(client).message == R"({"parameters":{"result":1},"continues":true})");
    BOOST_TEST(*receive_from(client).message == R"({"parameters":{"result":2},"continues":true})");
    BOOST_TEST(*receive_from(client).message == R"({"parameters":{"result":3}})");
    // Who does not ask for more gets the last one alone.
    BOOST_TEST(ask(client, R"({"method":"org.example.Count","parameters":{"to":3}})") ==
               R"({"parameters":{"result":3}})");
}

BOOST_AUTO_TEST_CASE(oneway_is_not_answered) {
    auto [server, client] = connect_to_bare(rpc::varlink(), example_calls());
    BOOST_TEST(!send_to(client, R"({"method":"org.example.Nothing","oneway":true})"));
    BOOST_TEST(ask(client, R"({"method":"org.example.Add","parameters":{"b":3,"a":2}})") ==
               R"({"parameters":{"result":5}})");
}

BOOST_AUTO_TEST_CASE(answers_keep_the_order_of_the_calls) {
    rpc::router calls;
    asio::steady_timer gate(io, asio::steady_timer::time_point::max());
    calls.on("slow", [&]() -> task<std::string> {
        error_code ignored;
        co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        co_return "slow";
    });
    calls.on("fast", [] { return std::string("fast"); });
    auto [client, server] = connect(rpc::varlink(), calls);
    std::vector<std::string> order;
    const auto note = [&](const std::exception_ptr& failure, const std::string& text) {
        BOOST_TEST(!failure);
        order.push_back(text);
    };
    client.prepare_call<std::string>("slow")(note);
    client.prepare_call<std::string>("fast")(note);
    run_until(io, [&] { return server.counters().running == 1; });
    run_ready(io);
    BOOST_TEST(order.empty());
    gate.cancel();
    run_until(io, [&] { return order.size() == 2; });
    BOOST_TEST((order == std::vector<std::string>{"slow", "fast"}));
}

BOOST_AUTO_TEST_CASE(a_client_speaks_it_too) {
    auto [client, server] = connect(rpc::varlink(), example_calls());
    BOOST_TEST(get<pong>(client.prepare_call<pong>("org.example.Ping", rpc::named("ping", "x"))).pong == "x");
    BOOST_TEST(get<int>(client.prepare_call<int>("org.example.Add", rpc::named("a", 2, "b", 3))) == 5);
    run(client.prepare_call<void>("org.example.Nothing"));
    auto failure = failure_of(client.prepare_call<void>("org.example.None"));
    BOOST_TEST(failure.code() == make_error_code(rpc::errc::unknown_method));
    failure = failure_of(client.prepare_call<void>("org.example.Fail", rpc::named("n", 1)));
    BOOST_TEST(failure.code() == make_error_code(rpc::errc::invalid_params));
    failure = failure_of(client.prepare_call<void>("org.example.Break"));
    BOOST_TEST(failure.fault()->number() == 7);
    BOOST_TEST(failure.fault()->message() == "out of order");
    failure = failure_of(client.prepare_call<int>("org.example.Add", 2, 3));
    BOOST_TEST(failure.code() == make_error_code(rpc::errc::not_carried));
    BOOST_TEST(get<int>(client.prepare_call<int>("org.example.Add", rpc::named("a", 2, "b", 4))) == 6);
}

BOOST_AUTO_TEST_CASE(a_call_that_is_given_up_keeps_its_place) {
    auto [client, server] = connect_to_bare(rpc::varlink());
    bool late = false;
    client.prepare_call<int>({.deadline = std::chrono::milliseconds(1)},
                             "first")([&](const std::exception_ptr&, int) { late = true; });
    run_until(io, [&] { return late; });
    std::optional<int> second;
    client.prepare_call<int>("second")([&](const std::exception_ptr&, int n) { second = n; });
    BOOST_TEST(!send_to(server, R"({"parameters":{"result":1}})"));
    BOOST_TEST(!send_to(server, R"({"parameters":{"result":2}})"));
    run_until(io, [&] { return second.has_value(); });
    BOOST_TEST(*second == 2);
    BOOST_TEST(client.counters().late_answers == 1u);
}

BOOST_AUTO_TEST_CASE(an_error_of_an_application_has_its_name_and_parameters) {
    auto [server, client] = connect_to_bare(rpc::varlink(), [] {
        rpc::router calls;
        calls.on("f", [] { throw rpc::fault(0, "org.example.NotFound", rpc::object{{"what", "cake"}}); });
        return calls;
    }());
    BOOST_TEST(ask(client, R"({"method":"f"})") == R"({"error":"org.example.NotFound","parameters":{"what":"cake"}})");
    auto [caller, other] = connect_to_bare(rpc::varlink());
    std::optional<rpc::fault> got;
    caller.prepare_call<void>("f")([&](const std::exception_ptr& failure) {
        try {
            std::rethrow_exception(failure);
        } catch (const rpc::call_error& e) {
            got = e.fault();
        }
    });
    BOOST_TEST(!send_to(other, R"({"error":"org.example.NotFound","parameters":{"what":"cake"}})"));
    run_until(io, [&] { return got.has_value(); });
    BOOST_TEST(got->message() == "org.example.NotFound");
    BOOST_TEST(*got->data()["what"].text() == "cake");
}

BOOST_AUTO_TEST_CASE(what_is_no_varlink_ends_the_connection) {
    for (const auto* bad : {"[]", "{\"method\":1}", "{\"method\":\"f\",\"parameters\":[1]}", "x", "{\"error\":5}"}) {
        auto [server, client] = connect_to_bare(rpc::varlink());
        BOOST_TEST(ask(client, bad) == "(the end)");
        BOOST_TEST(!server.is_open());
        BOOST_TEST(server.failure().context().starts_with("message 1: "));
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
