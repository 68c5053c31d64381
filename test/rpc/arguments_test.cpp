// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Arguments by place and by name, and those that do not fit.

#include "point.hpp"
#include "rpc_tools.hpp"

#include <parley/rpc/arguments.hpp>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::test {
namespace {

/// A value whose codec fails.
struct unwilling {};

}  // namespace
}  // namespace parley::test

template <>
struct parley::rpc::codec<parley::test::unwilling> {
    static void encode(encoder&, const test::unwilling&) { throw std::runtime_error("not today"); }
    static value schema() { return object(); }
};

namespace parley::test {
BOOST_AUTO_TEST_SUITE(arguments_test)

BOOST_FIXTURE_TEST_SUITE(arguments_suite, rpc_fixture)

BOOST_AUTO_TEST_CASE(arguments_by_name_fit_in_any_order) {
    for (const auto& protocol : both()) {
        rpc::router calls;
        calls.on("subtract", {"minuend", "subtrahend"}, [](int a, int b) { return a - b; });
        calls.on("label", [](point p) { return p.label.value_or("none"); });
        auto [client, server] = connect(protocol, calls);
        const point labelled{1, 2, "x"}, unlabelled{1, 2, std::nullopt};
        BOOST_TEST(get<int>(client.prepare_call<int>("subtract", 42, 23)) == 19);
        BOOST_TEST(get<int>(client.prepare_call<int>("subtract", rpc::named("subtrahend", 23, "minuend", 42))) == 19);
        BOOST_TEST(get<std::string>(client.prepare_call<std::string>("label", rpc::named(labelled))) == "x");
        BOOST_TEST(get<std::string>(client.prepare_call<std::string>("label", unlabelled)) == "none");
    }
}

BOOST_AUTO_TEST_CASE(a_single_parameter_with_a_name_is_that_argument) {
    rpc::router calls;
    calls.on("any", {"edit"}, [](rpc::value v) { return v; });
    calls.on("point", {"at"}, [](const point& p) { return p.x; });
    auto [client, server] = connect(rpc::json_rpc(), calls);
    const point at{4, 5};
    BOOST_TEST((get<rpc::value>(client.prepare_call("any", rpc::named("edit", 7, "other", 8))) == rpc::value(7)));
    BOOST_TEST((get<rpc::value>(client.prepare_call("any", "by place")) == rpc::value("by place")));
    BOOST_TEST(get<int>(client.prepare_call<int>("point", rpc::named("at", at))) == 4);
    BOOST_TEST(get<int>(client.prepare_call<int>("point", at)) == 4);
    const auto failure = failure_of(client.prepare_call<int>("point", rpc::named("x", 1, "y", 2)));
    BOOST_TEST(*failure.fault()->data().text() == "params: \"at\" is missing");
}

BOOST_AUTO_TEST_CASE(arguments_by_name_lie_in_one_another) {
    for (const auto& protocol : both()) {
        rpc::router calls;
        calls.on("echo", {"all", "point"}, [](rpc::value all, const point& p) {
            BOOST_TEST(p.y == 4);
            return all;
        });
        auto [client, server] = connect(protocol, calls);
        const point at{3, 4};
        const auto got = get<rpc::value>(client.prepare_call(
            "echo", rpc::named("all", rpc::named("a", 1, "b", rpc::named("c", "d")), "point", rpc::named(at))));
        BOOST_TEST((got == rpc::value(rpc::object{{"a", 1}, {"b", rpc::object{{"c", "d"}}}})));
    }
}

BOOST_AUTO_TEST_CASE(arguments_by_place_can_be_an_array_of_any_size) {
    for (const auto& protocol : both()) {
        rpc::router calls;
        calls.on("none", [] { return 0; });
        calls.on("add", [](int a, int b) { return a + b; });
        auto [client, server] = connect(protocol, calls);
        BOOST_TEST(get<int>(client.prepare_call<int>("none", rpc::placed({}))) == 0);
        BOOST_TEST(get<int>(client.prepare_call<int>("add", rpc::placed(rpc::array{2, 3}))) == 5);
    }
}

BOOST_AUTO_TEST_CASE(names_that_nobody_asks_for_are_passed_over) {
    for (const auto& protocol : both()) {
        rpc::router calls;
        calls.on("list", [] { return 3; });
        calls.on("get", {"key"}, [](int key) { return key; });
        auto [client, server] = connect(protocol, calls);
        BOOST_TEST(get<int>(client.prepare_call<int>("get", rpc::named("key", 4, "more", 1))) == 4);
        if (protocol.name() == "json-rpc")
            BOOST_TEST(get<int>(client.prepare_call<int>("list", rpc::named("cursor", "x"))) == 3);
        BOOST_TEST(get<int>(client.prepare_call<int>("list")) == 3);
    }
}

BOOST_AUTO_TEST_CASE(wrong_arguments_are_answered_with_the_place) {
    for (const auto& protocol : both()) {
        rpc::router calls;
        calls.on("add", [](int a, int b) { return a + b; });
        calls.on("draw", {"points", "size"}, [](const std::vector<point>&, std::uint8_t) {});
        auto [client, server] = connect(protocol, calls);
        const auto check = [&](auto operation, std::string_view text) {
            const auto failure = failure_of(std::move(operation));
            BOOST_TEST(failure.code() == make_error_code(rpc::errc::invalid_params));
            BOOST_TEST_REQUIRE(failure.fault().has_value());
            BOOST_TEST(failure.fault()->number() == rpc::fault_code::invalid_params);
            BOOST_TEST(*failure.fault()->data().text() == text);
        };
        check(client.prepare_call<int>("add", 2), "params: 2 arguments were expected, not 1");
        check(client.prepare_call<int>("add", 2, "three"), "params[1]: an integer was expected, not \"three\"");
        check(client.prepare_call<int>("add", 2, 3.5), "params[1]: an integer was expected, not 3.5");
        check(client.prepare_call<int>("add", 2, 3000000000),
              "params[1]: an integer from -2147483648 to 2147483647 was "
              "expected, not 3000000000");
        check(client.prepare_call<void>("draw", rpc::array{rpc::object{{"x", 1}, {"y", true}}}, 3),
              "params[0][0].y: an integer was expected, not true");
        check(client.prepare_call<void>("draw", rpc::array{rpc::object{{"x", 1}}}, 3),
              "params[0][0]: \"y\" is missing");
        check(client.prepare_call<void>("draw", rpc::named("points", rpc::array(), "size", 256)),
              "params.size: an integer from 0 to 255 was expected, not 256");
        check(client.prepare_call<void>("draw", rpc::named("size", 1, "more", 1)), "params: \"points\" is missing");
    }
}

BOOST_AUTO_TEST_CASE(a_codec_that_throws_fails_its_own_call_alone) {
    for (const auto& protocol : both()) {
        rpc::router calls;
        calls.on("f", [] { return unwilling(); });
        calls.on("g", [] { return 1; });
        auto [client, server] = connect(protocol, calls);
        auto failure = failure_of(client.prepare_call<int>("g", unwilling()));
        BOOST_TEST(failure.code() == make_error_code(rpc::errc::not_carried));
        BOOST_TEST(std::string(failure.what()).starts_with("g: not today"));
        failure = failure_of(client.prepare_call<int>("f"));
        BOOST_TEST(*failure.fault()->data().text() == "the result cannot be sent: not today");
        BOOST_TEST(client.counters().waiting == 0u);
        BOOST_TEST(get<int>(client.prepare_call<int>("g")) == 1);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
