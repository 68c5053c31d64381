// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Batches of JSON-RPC beyond a limit: they are refused as a whole, but for the answers in them.

#include "rpc_tools.hpp"

#include <string>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(batch_test)
namespace {

struct batch_fixture : rpc_fixture {
    int ran = 0;
    rpc::router calls{};

    batch_fixture() {
        calls.on("f", [this] { return ++ran; });
    }
    static std::string batch_of(const std::vector<std::string>& messages) {
        std::string text;
        for (const auto& one : messages) text += (text.empty() ? "[" : ",") + one;
        return text + "]";
    }
    rpc::value next_value(any_channel& from) {
        const auto got = receive_from(from);
        BOOST_TEST_REQUIRE(got.message.has_value());
        return rpc::from_json(*got.message).value();
    }
    /// Nothing was sent before the answer to this.
    void check_nothing_was_said(any_channel& other) {
        BOOST_TEST_REQUIRE(!send_to(other, R"({"jsonrpc":"2.0","method":"none","id":99})"));
        BOOST_TEST((next_value(other)["id"] == rpc::value(99)));
    }

    const std::string a_call = R"({"jsonrpc":"2.0","method":"f","id":"a"})";
    const std::string a_notification = R"({"jsonrpc":"2.0","method":"f"})";
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(batch_suite, batch_fixture)

BOOST_AUTO_TEST_CASE(the_answers_in_a_batch_beyond_the_limit_are_taken) {
    for (const bool with_call : {false, true}) {
        auto [client, other] = connect_to_bare(rpc::json_rpc(), calls, {.batch_calls = 3});
        std::vector<called> made(8);
        for (auto& one : made) {
            client.prepare_call<int>("g")(one.handler());
            next_value(other);
        }
        std::vector<std::string> messages;
        if (with_call) messages = {a_call, a_notification, "1"};
        for (std::uint32_t id = 1; id <= 8; ++id) messages.push_back(reply_to(id, static_cast<int>(10 * id)));
        BOOST_TEST(!send_to(other, batch_of(messages)));
        run_until(io, [&] { return made.back().count == 1; });
        for (int i = 0; i < 8; ++i) BOOST_TEST(made[static_cast<std::size_t>(i)].result == 10 * (i + 1));
        if (with_call) {
            const auto refused = next_value(other);
            BOOST_TEST((refused["error"]["data"] == rpc::value("a batch of more than 3")));
            BOOST_TEST((refused["id"] == rpc::value()));
        }
        BOOST_TEST(client.counters().refused == (with_call ? 1u : 0u));
        check_nothing_was_said(other);
        BOOST_TEST(ran == 0);
    }
}

BOOST_AUTO_TEST_CASE(the_answers_in_a_batch_whose_answers_would_be_too_large_are_taken) {
    auto [client, other] = connect_to_bare(rpc::json_rpc(), calls, {.message_bytes = 600});
    called made;
    client.prepare_call<int>("g")(made.handler());
    next_value(other);
    BOOST_TEST(!send_to(other, batch_of({a_call, a_call, a_notification, a_call, reply_to(1, 5)})));
    run_until(io, [&] { return made.count == 1; });
    BOOST_TEST(made.result == 5);
    BOOST_TEST((next_value(other)["error"]["data"] == rpc::value("a batch whose answers would be too large")));
    check_nothing_was_said(other);
    BOOST_TEST(ran == 0);
}

BOOST_AUTO_TEST_CASE(partial_results_and_cancellations_in_a_batch_beyond_the_limit_are_taken) {
    bool cancelled = false;
    calls.on("wait", [&](rpc::context& c) -> task<int> {
        asio::steady_timer never(io, asio::steady_timer::time_point::max());
        error_code ec;
        co_await never.async_wait(asio::redirect_error(asio::use_awaitable, ec));
        cancelled = c.cancelled();
        co_return 1;
    });
    auto [server, other] = connect_to_bare(rpc::json_rpc(), calls, {.batch_calls = 1});
    BOOST_TEST(!send_to(other, R"({"jsonrpc":"2.0","method":"wait","id":7})"));
    run_until(io, [&] { return server.counters().running == 1; });
    BOOST_TEST(
        !send_to(other, batch_of({R"({"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":7}})", a_call})));
    run_until(io, [&] { return cancelled; });
}

BOOST_AUTO_TEST_CASE(notifications_in_a_batch_beyond_the_limit_are_not_answered) {
    auto [server, other] = connect_to_bare(rpc::json_rpc(), calls, {.batch_calls = 3});
    BOOST_TEST(!send_to(other, batch_of({a_notification, a_notification, a_notification, a_notification})));
    check_nothing_was_said(other);
    BOOST_TEST(server.counters().refused == 1u);
    BOOST_TEST(ran == 0);
}

BOOST_AUTO_TEST_CASE(noise_in_a_batch_beyond_the_limit_is_noise) {
    auto [client, other] = connect_to_bare(rpc::json_rpc(), {}, {.batch_calls = 3, .invalid_messages = 4});
    for (int i = 0; i < 3; ++i) BOOST_TEST(!send_to(other, R"([1,"two",{"three":3},[4]])"));
    check_nothing_was_said(other);
    for (int i = 0; i < 4; ++i) BOOST_TEST(!send_to(other, R"([1,"two",{"three":3},[4]])"));
    run_until(io, [&] { return !client.is_open(); });
    BOOST_TEST(client.failure().code() == make_error_code(rpc::errc::invalid_request));
}

BOOST_AUTO_TEST_CASE(noise_whose_answers_would_be_too_large_is_noise) {
    auto [client, other] = connect_to_bare(rpc::json_rpc(), calls, {.invalid_messages = 4, .message_bytes = 600});
    for (int i = 0; i < 4; ++i) BOOST_TEST(!send_to(other, "[1,2,3,4]"));
    run_until(io, [&] { return !client.is_open(); });
    BOOST_TEST(client.failure().code() == make_error_code(rpc::errc::invalid_request));
}

BOOST_AUTO_TEST_CASE(no_more_answers_are_read_than_calls_wait) {
    auto [client, other] = connect_to_bare(rpc::json_rpc(), calls, {.batch_calls = 3});
    called made;
    client.prepare_call<int>("g")(made.handler());
    next_value(other);
    std::vector<std::string> messages(100000, R"({"id":7})");
    messages.front() = reply_to(1, 5);
    BOOST_TEST(!send_to(other, batch_of(messages)));
    run_until(io, [&] { return made.count == 1; });
    BOOST_TEST(made.result == 5);
    BOOST_TEST(client.counters().unknown_answers < 10u);
    check_nothing_was_said(other);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
