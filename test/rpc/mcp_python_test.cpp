// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A server made with the reference package of the Model Context Protocol at the other end: test/rpc/mcp_server.py.

#include "interop_tools.hpp"

#include <parley/rpc/reply_stream.hpp>

#include <boost/describe/class.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(mcp_python_test)
namespace {

struct needs_packages {
    needs_packages() { skip_without_python(); }
};

struct content {
    std::string type{};
    std::string text{};
};
BOOST_DESCRIBE_STRUCT(content, (), (type, text))
struct tool_result {
    std::vector<mcp_python_test::content> content{};
    std::optional<bool> isError{};
};
BOOST_DESCRIBE_STRUCT(tool_result, (), (content, isError))
struct progress {
    double progress = 0;
    std::optional<double> total{};
    std::optional<std::string> message{};
};
BOOST_DESCRIBE_STRUCT(progress, (), (progress, total, message))

struct mcp_fixture : interop_fixture {
    mcp_fixture() {
        start_script("mcp_server.py", rpc::json_rpc(rpc::json_rpc_options::mcp()));
        const auto about = call("initialize", rpc::named("protocolVersion", "2025-06-18", "capabilities",
                                                         rpc::named("roots", rpc::object(), "sampling", rpc::object()),
                                                         "clientInfo", rpc::named("name", "test", "version", "1")));
        BOOST_TEST(*about["serverInfo"]["name"].text() == "parley-tools");
        notify("notifications/initialized");
    }
    ~mcp_fixture() {
        BOOST_TEST(peer.counters().unknown_answers == 0u);
        BOOST_TEST(peer.counters().invalid_messages == 0u);
        run(peer.async_end());
        run(peer.async_wait());
        BOOST_TEST(end() == exit_status::exited(0));
    }

    template <typename Arguments>
    std::string use(const std::string& tool, const Arguments& arguments) {
        const auto got = call<tool_result>("tools/call", rpc::named("name", tool, "arguments", arguments));
        BOOST_TEST_REQUIRE(got.content.size() == 1u);
        return (got.isError.value_or(false) ? "error: " : "") + got.content[0].text;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(mcp_python_suite, mcp_fixture, *boost::unit_test::fixture<needs_packages>())

BOOST_AUTO_TEST_CASE(tools_are_listed_and_used) {
    const auto has = call("tools/list");
    BOOST_TEST(*has["tools"][std::size_t{0}]["name"].text() == "divide");
    BOOST_TEST(use("divide", rpc::named("dividend", 42, "divisor", 6)) == "7");
    BOOST_TEST(use("divide", rpc::named("dividend", 1, "divisor", 0)).find("divided by 0") != std::string::npos);
    BOOST_TEST(use("divide", rpc::named("dividend", 1)).starts_with("error: "));
}

BOOST_AUTO_TEST_CASE(progress_comes_before_the_result) {
    auto parts = rpc::open_stream<progress, tool_result>(
        peer, "tools/call", rpc::named("name", "count_primes", "arguments", rpc::named("below", 2500)));
    run_task(io, [](auto& counted) -> task<> {
        std::vector<double> steps;
        while (const auto now = co_await counted.async_next()) steps.push_back(now->progress);
        BOOST_TEST(steps == (std::vector<double>{1000, 2000, 2500}), boost::test_tools::per_element());
        BOOST_TEST(counted.result().content.at(0).text == "367 primes");
    }(parts));
}

BOOST_AUTO_TEST_CASE(a_call_that_is_given_up_is_cancelled_there) {
    auto waiting = std::make_unique<rpc::reply_stream<progress, tool_result>>(rpc::open_stream<progress, tool_result>(
        peer, "tools/call", rpc::named("name", "wait", "arguments", rpc::named("name", "a"))));
    run_task(io, [](auto& w) -> task<> {
        const auto now = co_await w.async_next();
        BOOST_TEST_REQUIRE(now.has_value());
        BOOST_TEST(now->progress == 0.5);
        BOOST_TEST(!now->total);
        BOOST_TEST(*now->message == "it waits");
    }(*waiting));
    waiting.reset();
    BOOST_TEST(use("how_ended", rpc::named("name", "a")) == "CancelledError");
}

BOOST_AUTO_TEST_CASE(a_call_that_is_too_late_is_no_end_of_the_connection) {
    const auto failure =
        failure_of(peer.prepare_call({.deadline = std::chrono::milliseconds(200)}, "tools/call",
                                     rpc::named("name", "wait", "arguments", rpc::named("name", "b"))));
    BOOST_TEST(failure.code() == asio::error::timed_out);
    BOOST_TEST(use("divide", rpc::named("dividend", 42, "divisor", 6)) == "7");
}

BOOST_AUTO_TEST_CASE(the_server_calls_us_while_it_serves_our_call) {
    calls.on("roots/list", [] {
        return rpc::object{{"roots", rpc::array{rpc::object{{"uri", "file:///a"}, {"name", "first"}},
                                                rpc::object{{"uri", "file:///b"}, {"name", "second"}}}}};
    });
    calls.on("sampling/createMessage", [](const rpc::value& asked) -> task<rpc::object> {
        const auto& question = asked["messages"][std::size_t{0}]["content"]["text"];
        co_return rpc::object{{"role", "assistant"},
                              {"model", "a parrot"},
                              {"content", rpc::object{{"type", "text"}, {"text", *question.text() + "!"}}}};
    });
    calls.on("ping", [] { return rpc::object(); });
    BOOST_TEST(use("ask_for_roots", rpc::object()) == "first, second");
    BOOST_TEST(use("ask_the_model", rpc::named("question", "hello")) == "a parrot says hello!");
    BOOST_TEST(use("ping_back", rpc::object()) == "it is");
    BOOST_TEST(peer.counters().served == 3u);
}

BOOST_AUTO_TEST_CASE(a_fault_of_ours_goes_through_the_tool_and_back) {
    calls.on("roots/list", []() -> rpc::object { throw rpc::fault(-32050, "we have no roots"); });
    const auto fault_of = [&](const char* tool) {
        return *failure_of(peer.prepare_call("tools/call", rpc::named("name", tool, "arguments", rpc::object())))
                    .fault();
    };
    BOOST_TEST(fault_of("ask_for_roots").number() == -32050);
    BOOST_TEST(fault_of("ask_for_roots").message() == "we have no roots");
    BOOST_TEST(fault_of("ping_back").number() == rpc::fault_code::method_not_found);
    BOOST_TEST(peer.counters().faults == 3u);
}

BOOST_AUTO_TEST_CASE(faults_of_the_server_have_their_meaning) {
    auto failure = failure_of(peer.prepare_call("tea"));
    BOOST_TEST(failure.code() == make_error_code(rpc::errc::unknown_method), failure.what());
    failure = failure_of(peer.prepare_call("tools/call", rpc::named("arguments", 1)));
    BOOST_TEST(failure.code() == make_error_code(rpc::errc::invalid_params), failure.what());
}

BOOST_AUTO_TEST_CASE(many_calls_at_once_are_each_answered) {
    int answered = 0;
    for (int i = 1; i <= 200; ++i)
        peer.prepare_call<tool_result>(
            "tools/call", rpc::named("name", "divide", "arguments", rpc::named("dividend", i * i, "divisor", i)))(
            [&, i](const std::exception_ptr& failure, const tool_result& got) {
                BOOST_TEST(!failure);
                BOOST_TEST(got.content.at(0).text == std::to_string(i));
                ++answered;
            });
    wait_until([&] { return answered == 200; });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
