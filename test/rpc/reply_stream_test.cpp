// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "rpc_tools.hpp"

#include <parley/rpc/reply_stream.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(reply_stream_test)
namespace {

struct stream_fixture : rpc_fixture {
    int sent = 0;
    bool aborted = false;

    rpc::router counting() {
        rpc::router calls;
        calls.on("count", {"to"}, [this](int to, rpc::context& c) -> task<std::string> {
            try {
                for (int i = 1; i <= to; ++i) {
                    co_await c.async_send_part(i);
                    ++sent;
                }
            } catch (const boost::system::system_error&) {
                aborted = true;
                throw;
            }
            co_return c.wants_parts() ? "in parts" : "as one";
        });
        calls.on("fail", {"to"}, [](int to, rpc::context& c) -> task<int> {
            for (int i = 1; i <= to; ++i) co_await c.async_send_part(i);
            throw rpc::fault(3, "no more");
        });
        calls.on("words", [](const rpc::object&, rpc::context& c) -> task<int> {
            co_await c.async_send_part(std::string("one"));
            co_return 1;
        });
        calls.on("now", [] { return 1; });
        return calls;
    }
    template <typename T>
    T run_in(task<T> body) {
        return run_task(io, std::move(body));
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(reply_stream_suite, stream_fixture)

BOOST_AUTO_TEST_CASE(parts_come_before_the_result) {
    for (const auto& protocol : {rpc::json_rpc(), rpc::varlink()}) {
        auto [client, server] = connect(protocol, counting());
        run_in([](rpc::connection& c) -> task<> {
            auto parts = rpc::open_stream<int, std::string>(c, "count", rpc::named("to", 500));
            std::vector<int> got;
            while (const auto next = co_await parts.async_next()) got.push_back(*next);
            BOOST_TEST_REQUIRE(got.size() == 500u);
            for (int i = 0; i < 500; ++i) BOOST_TEST(got[static_cast<std::size_t>(i)] == i + 1);
            BOOST_TEST(parts.result() == "in parts");
            BOOST_TEST(co_await c.async_call<std::string>("count", rpc::named("to", 3)) == "as one");
        }(client));
    }
}

BOOST_AUTO_TEST_CASE(parts_of_the_model_context_protocol_are_maps) {
    auto [client, server] = connect_to_bare(rpc::json_rpc(rpc::json_rpc_options::mcp()));
    auto parts = rpc::open_stream<rpc::object>(client, "tools/call", rpc::named("name", "x"));
    BOOST_TEST(*receive_from(server).message == R"({"jsonrpc":"2.0","method":"tools/call","params":{"_meta":)"
                                                R"({"progressToken":1},"name":"x"},"id":1})");
    BOOST_TEST(!send_to(server, R"({"jsonrpc":"2.0","method":"notifications/progress","params":)"
                                R"({"progressToken":1,"progress":0.5}})"));
    BOOST_TEST(!send_to(server, R"({"jsonrpc":"2.0","result":{},"id":1})"));
    run_in([](rpc::reply_stream<rpc::object>& p) -> task<> {
        const auto first = co_await p.async_next();
        BOOST_TEST_REQUIRE(first.has_value());
        BOOST_TEST(*first->find("progress")->get_if<double>() == 0.5);
        const auto last = co_await p.async_next();
        BOOST_TEST(!last.has_value());
    }(parts));
}

BOOST_AUTO_TEST_CASE(a_failure_comes_after_the_parts) {
    auto [client, server] = connect(rpc::json_rpc(), counting());
    run_in([](rpc::connection& c) -> task<> {
        auto parts = rpc::open_stream<int, int>(c, "fail", rpc::named("to", 2));
        BOOST_TEST(*co_await parts.async_next() == 1);
        BOOST_TEST(*co_await parts.async_next() == 2);
        std::string what;
        try {
            (void)co_await parts.async_next();
        } catch (const rpc::call_error& e) {
            what = e.fault()->message();
        }
        BOOST_TEST(what == "no more");
        // What is no part of this type ends it.
        auto words = rpc::open_stream<int, int>(c, "words", rpc::named(rpc::object()));
        error_code ec;
        try {
            (void)co_await words.async_next();
        } catch (const rpc::call_error& e) {
            ec = e.code();
        }
        BOOST_TEST(ec == make_error_code(rpc::errc::invalid_reply));
    }(client));
}

BOOST_AUTO_TEST_CASE(parts_that_nobody_takes_slow_the_sender_down) {
    auto [client, server] = connect(rpc::json_rpc(), counting(), {}, {}, {});
    auto parts = std::make_unique<rpc::reply_stream<int, std::string>>(
        rpc::open_stream<int, std::string>(client, "count", rpc::named("to", 1000000)));
    for (int last = -1; last != sent;) {
        last = sent;
        for (int i = 0; i < 2000; ++i) run_ready(io);
    }
    BOOST_TEST(sent < 1000000);
    BOOST_TEST(sent >= 64);
    run_in([](rpc::reply_stream<int, std::string>& p) -> task<> {
        for (int i = 1; i <= 1000; ++i) BOOST_TEST_REQUIRE(*co_await p.async_next() == i);
    }(*parts));
    parts.reset();  // the other side is told, and reading goes on
    run_until(io, [&] { return aborted; });
    BOOST_TEST(get<int>(client.prepare_call<int>("now")) == 1);
}

BOOST_AUTO_TEST_CASE(a_stream_that_is_full_when_its_time_is_over_holds_nobody_up) {
    auto [client, server] = connect(rpc::json_rpc(), counting());
    const rpc::call_options soon{.deadline = std::chrono::milliseconds(20)};
    auto parts = rpc::open_stream<int, std::string>(soon, client, "count", rpc::named("to", 1000000));
    run_until(io, [&] { return client.counters().waiting == 0; });
    BOOST_TEST(sent >= 64);
    BOOST_TEST(get<int>(client.prepare_call<int>("now")) == 1);  // although nobody has taken a part
    run_until(io, [&] { return aborted; });
}

BOOST_AUTO_TEST_CASE(a_stream_that_ended_while_it_was_full_holds_nobody_up) {
    for (const bool dropped : {false, true}) {
        for (const std::string last : {R"({"jsonrpc":"2.0","result":"end","id":1})",
                                       R"({"jsonrpc":"2.0","error":{"code":1,"message":"no"},"id":1})",
                                       R"({"jsonrpc":"2.0","id":1})", R"({"jsonrpc":"2.0","result":5,"id":1})"}) {
            auto [client, other] = connect_to_bare(rpc::json_rpc());
            auto parts = std::make_unique<rpc::reply_stream<int, std::string>>(
                rpc::open_stream<int, std::string>(client, "count", rpc::named("to", 1)));
            receive_from(other);
            std::string batch = "[";
            for (int i = 0; i < 70; ++i)
                batch += R"({"jsonrpc":"2.0","method":"$/progress","params":{"token":1,"value":7}},)";
            BOOST_TEST(!send_to(other, batch + last + "]"));
            run_until(io, [&] { return client.counters().waiting == 0; });
            if (dropped) parts.reset();
            called call;
            client.prepare_call<int>("f")(call.handler());
            receive_from(other);
            BOOST_TEST(!send_to(other, reply_to(2, 5)));
            run_until(io, [&] { return call.count == 1; });
            BOOST_TEST(call.result == 5);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_stream_with_a_bad_part_is_given_up_when_it_is_dropped) {
    auto [client, other] = connect_to_bare(rpc::json_rpc());
    auto parts = std::make_unique<rpc::reply_stream<int, std::string>>(
        rpc::open_stream<int, std::string>(client, "count", rpc::named("to", 1)));
    receive_from(other);
    std::string batch = "[";
    for (int i = 0; i < 70; ++i) batch += R"({"jsonrpc":"2.0","method":"$/progress","params":{"token":1,"value":7}},)";
    BOOST_TEST(!send_to(other, batch + R"({"jsonrpc":"2.0","method":"$/progress","params":{"token":1,"value":"x"}}])"));
    run_until(io, [&] { return client.counters().waiting == 1; });
    run_ready(io);
    parts.reset();
    BOOST_TEST(*receive_from(other).message == R"({"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}})");
    BOOST_TEST(client.counters().waiting == 0u);
    called call;
    client.prepare_call<int>("f")(call.handler());
    receive_from(other);
    BOOST_TEST(!send_to(other, reply_to(2, 5)));
    run_until(io, [&] { return call.count == 1; });
}

BOOST_AUTO_TEST_CASE(a_stream_that_ends_opens_no_other_one_that_is_full) {
    rpc::router calls;
    bool ran = false;
    calls.on("f", [&] { ran = true; });
    auto [client, other] = connect_to_bare(rpc::json_rpc(), calls);
    auto full = rpc::open_stream<int, int>(client, "count", rpc::named("to", 1));
    receive_from(other);
    for (int i = 1; i <= 64; ++i)
        BOOST_TEST(!send_to(other, R"({"jsonrpc":"2.0","method":"$/progress","params":{"token":1,"value":7}})"));
    run_ready(io);
    for (int i = 0; i < 3; ++i) {
        (void)rpc::open_stream<int, int>(client, "count", rpc::named("to", 1));
        BOOST_TEST(receive_from(other).message.has_value());
        BOOST_TEST(receive_from(other).message->find("cancel") != std::string::npos);
    }
    BOOST_TEST(!send_to(other, R"({"jsonrpc":"2.0","method":"f"})"));
    run_ready(io);
    BOOST_TEST(!ran);  // it lies behind the parts that nobody takes
    run_in([](rpc::reply_stream<int, int>& p) -> task<> { BOOST_TEST(*co_await p.async_next() == 7); }(full));
    run_until(io, [&] { return ran; });
}

BOOST_AUTO_TEST_CASE(what_a_protocol_does_not_carry_is_an_error) {
    auto [client, server] = connect(rpc::message_pack_rpc(), counting());
    auto [json, other] = connect(rpc::json_rpc(), counting());
    const auto failure = [&](rpc::reply_stream<int> parts) {
        return failure_in_coroutine(
            [](rpc::reply_stream<int> p) -> task<> { (void)co_await p.async_next(); }(std::move(parts)));
    };
    BOOST_TEST(failure(rpc::open_stream<int>(client, "count", rpc::named("to", 1))) ==
               make_error_code(rpc::errc::not_carried));
    BOOST_TEST(failure(rpc::open_stream<int>(json, "count", 1)) == make_error_code(rpc::errc::not_carried));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
