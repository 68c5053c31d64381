// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "point.hpp"
#include "rpc_tools.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(call_test)
namespace {

BOOST_DEFINE_ENUM_CLASS(shade, light, dark)

struct everything {
    bool yes = false;
    std::uint64_t large = 0;
    double half = 0;
    std::string text{};
    rpc::bytes data{};
    std::vector<point> points{};
    std::map<std::string, int> ages{};
    std::tuple<int, std::string> pair{};
    std::variant<int, std::string, point> one_of{};
    shade tone = shade::light;
    rpc::value any{};
    bool operator==(const everything&) const = default;
};
BOOST_DESCRIBE_STRUCT(everything, (), (yes, large, half, text, data, points, ages, pair, one_of, tone, any))

everything sample() {
    return {.yes = true,
            .large = 18446744073709551615u,
            .half = 0.5,
            .text = "a \"quoted\" line\nand \u00e4",
            .data = {std::string("\0\xff\x80", 3)},
            .points = {{1, 2, "here"}, {-3, 4, std::nullopt}},
            .ages = {{"ada", 36}, {"grace", 85}},
            .pair = {7, "seven"},
            .one_of = point{5, 6, std::nullopt},
            .tone = shade::dark,
            .any = rpc::object{{"list", rpc::array{1, nullptr, "x", 2.5}}}};
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(call_suite, rpc_fixture)

BOOST_AUTO_TEST_CASE(a_call_returns_what_the_function_does) {
    for (const auto& protocol : both()) {
        rpc::router calls;
        calls.on("add", [](int a, int b) { return a + b; });
        calls.on("greet", [](const std::string& who) { return "hello, " + who; });
        calls.on("nothing", [] {});
        auto [client, server] = connect(protocol, calls);
        BOOST_TEST(get<int>(client.prepare_call<int>("add", 2, 3)) == 5);
        BOOST_TEST(get<std::string>(client.prepare_call<std::string>("greet", "ada")) == "hello, ada");
        BOOST_TEST(get<std::string>(client.prepare_call<std::string>("greet", std::string_view("ada"))) ==
                   "hello, ada");
        run(client.prepare_call<void>("nothing"));
        BOOST_TEST(client.counters().calls == 4u);
        BOOST_TEST(client.counters().answers == 4u);
        BOOST_TEST(server.counters().served == 4u);
    }
}

BOOST_AUTO_TEST_CASE(every_type_arrives_as_it_was_sent) {
    for (const auto& protocol : both()) {
        rpc::router calls;
        calls.on("echo", [](int ignored, everything e) {
            BOOST_TEST(ignored == 1);
            return e;
        });
        auto [client, server] = connect(protocol, calls);
        const auto sent = sample();
        BOOST_TEST((get<everything>(client.prepare_call<everything>("echo", 1, sent)) == sent));
    }
}

BOOST_AUTO_TEST_CASE(a_coroutine_answers_when_it_ends_and_others_meanwhile) {
    for (const auto& protocol : both()) {
        rpc::router calls;
        asio::steady_timer gate(io, asio::steady_timer::time_point::max());
        calls.on("wait", [&](std::string text) -> task<std::string> {
            error_code ignored;
            co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            co_return text;
        });
        calls.on("now", [] { return 1; });
        auto [client, server] = connect(protocol, calls);
        bool done = false;
        client.prepare_call<std::string>("wait", "a text that is long enough to be on the heap")(
            [&](const std::exception_ptr& failure, const std::string& text) {
                BOOST_TEST(!failure);
                BOOST_TEST(text == "a text that is long enough to be on the heap");
                done = true;
            });
        BOOST_TEST(get<int>(client.prepare_call<int>("now")) == 1);
        BOOST_TEST(!done);
        BOOST_TEST(server.counters().running == 1u);
        gate.cancel();
        run_until(io, [&] { return done; });
    }
}

BOOST_AUTO_TEST_CASE(what_a_function_throws_reaches_the_caller) {
    for (const auto& protocol : both()) {
        rpc::router calls;
        calls.on("fault", [](int n) -> int { throw rpc::fault(n, "no such thing", rpc::object{{"id", n}}); });
        calls.on("later", []() -> task<int> {
            throw std::runtime_error("the disk is full");
            co_return 1;
        });
        calls.on("result", [](bool good) -> result<int> {
            if (good) return 4;
            return error(parley::errc::limit_exceeded, "cake");
        });
        auto [client, server] = connect(protocol, calls);
        auto failure = failure_of(client.prepare_call<int>("fault", 17));
        BOOST_TEST(failure.code() == make_error_code(rpc::errc::remote_fault));
        BOOST_TEST(failure.fault()->number() == 17);
        BOOST_TEST(failure.fault()->message() == "no such thing");
        BOOST_TEST((failure.fault()->data() == rpc::value(rpc::object{{"id", 17}})));
        BOOST_TEST(std::string(failure.what()).starts_with("fault: no such thing: {\"id\":17} (17)"));
        failure = failure_of(client.prepare_call<int>("later"));
        BOOST_TEST(failure.fault()->number() == rpc::fault_code::internal_error);
        BOOST_TEST(*failure.fault()->data().text() == "the disk is full");
        BOOST_TEST(get<int>(client.prepare_call<int>("result", true)) == 4);
        failure = failure_of(client.prepare_call<int>("result", false));
        BOOST_TEST(failure.fault()->message().starts_with("cake: "));
        failure = failure_of(client.prepare_call<int>("unknown"));
        BOOST_TEST(failure.code() == make_error_code(rpc::errc::unknown_method));
    }
}

BOOST_AUTO_TEST_CASE(a_failure_can_be_a_value) {
    rpc::router calls;
    calls.on("half", [](int n) -> int {
        if (n % 2 != 0) throw rpc::fault(1, "odd");
        return n / 2;
    });
    auto [client, server] = connect(rpc::json_rpc(), calls);
    const auto good = get<rpc::outcome<int>>(client.prepare_call<rpc::outcome<int>>("half", 8));
    BOOST_TEST(good.value() == 4);
    const auto bad = get<rpc::outcome<int>>(client.prepare_call<rpc::outcome<int>>("half", 7));
    BOOST_TEST(bad.has_error());
    BOOST_TEST(bad.error().fault()->message() == "odd");
    BOOST_CHECK_THROW((void)bad.value(), rpc::call_error);
}

BOOST_AUTO_TEST_CASE(a_reply_of_another_type_is_an_error_with_the_place) {
    for (const auto& protocol : both()) {
        rpc::router calls;
        calls.on("points", [] { return std::vector<point>{{1, 2, "a"}}; });
        auto [client, server] = connect(protocol, calls);
        auto failure = failure_of(client.prepare_call<int>("points"));
        BOOST_TEST(failure.code() == make_error_code(rpc::errc::invalid_reply));
        BOOST_TEST(std::string(failure.what()).starts_with("points: result: an integer was expected, not an array"));
        failure = failure_of(client.prepare_call<std::vector<std::map<std::string, int>>>("points"));
        BOOST_TEST(
            std::string(failure.what()).starts_with("points: result[0].label: an integer was expected, not \"a\""));
    }
}

BOOST_AUTO_TEST_CASE(both_sides_call_each_other) {
    for (const auto& protocol : both()) {
        rpc::router server_calls, client_calls;
        client_calls.on("name", [] { return std::string("ada"); });
        server_calls.on("greet", [](rpc::context& c) -> task<std::string> {
            const auto caller = c.peer();
            co_return "hello, " + co_await caller.async_call<std::string>("name");
        });
        auto [client, server] = connect(protocol, server_calls, client_calls);
        BOOST_TEST(get<std::string>(client.prepare_call<std::string>("greet")) == "hello, ada");
    }
}

BOOST_AUTO_TEST_CASE(notifications_reach_a_function_or_are_counted) {
    for (const auto& protocol : both()) {
        rpc::router calls;
        std::string heard;
        calls.on("say", [&](std::string text) { heard += text; });
        auto [client, server] = connect(protocol, calls);
        BOOST_TEST(client.try_notify("say", "a"));
        run(client.async_notify("say", "b"));
        run(client.async_notify("unknown", 1));
        run(client.async_notify("say", 7));  // wrong, and nobody is to know
        run_until(io, [&] { return server.counters().notified == 4; });
        BOOST_TEST(heard == "ab");
        BOOST_TEST(server.counters().not_handled == 1u);
        BOOST_TEST(client.counters().unknown_answers == 0u);
        BOOST_TEST(server.counters().served == 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_fallback_takes_every_other_method) {
    rpc::router calls;
    calls.on("known", [] { return 1; });
    calls.otherwise([](const std::string& method, const rpc::value& arguments) -> rpc::value {
        return rpc::object{{"method", method}, {"arguments", arguments}};
    });
    auto [client, server] = connect(rpc::json_rpc(), calls);
    BOOST_TEST(get<int>(client.prepare_call<int>("known")) == 1);
    const auto got = get<rpc::value>(client.prepare_call("other", 1, "two"));
    BOOST_TEST(*got["method"].text() == "other");
    BOOST_TEST((got["arguments"] == rpc::value(rpc::array{1, "two"})));
}

BOOST_AUTO_TEST_CASE(names_of_parameters_must_be_as_many) {
    rpc::router calls;
    BOOST_CHECK_THROW(calls.on("f", {"a"}, [](int, int) {}), std::invalid_argument);
    calls.on("f", {"a"}, [](int, rpc::context&) {});
    BOOST_TEST(calls.has("f"));
    BOOST_TEST((calls.methods() == std::vector<std::string>{"f"}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
