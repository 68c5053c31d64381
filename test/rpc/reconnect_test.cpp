// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "net_tools.hpp"
#include "rpc_tools.hpp"

#include <parley/message/channel_listener.hpp>
#include <parley/rpc/connect.hpp>

#include <boost/asio/post.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(reconnect_test)
namespace {

using std::chrono::milliseconds;

struct answer {
    int count = 0;
    int result = 0;
    error_code ec{};

    auto handler() {
        return [this](const std::exception_ptr& failure, int n) {
            ++count;
            result = n;
            try {
                if (failure) std::rethrow_exception(failure);
            } catch (const rpc::call_error& e) {
                ec = e.code();
            }
        };
    }
};

task<> wait_for(const answer& a) {
    while (a.count == 0) co_await asio::post(asio::deferred);
}

rpc::connect_rpc_options reconnecting(std::size_t attempts = 0) {
    rpc::connect_rpc_options o;
    o.reconnect = {.first_pause = milliseconds(1), .longest_pause = milliseconds(5), .attempts = attempts};
    return o;
}

std::string result_for(std::string_view request, int n) {
    const auto id = rpc::from_json(request).value()["id"];
    return R"({"jsonrpc":"2.0","result":)" + std::to_string(n) + R"(,"id":)" + rpc::to_json(id).value() + "}";
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(reconnect_suite, net_fixture)

BOOST_AUTO_TEST_CASE(a_lost_connection_is_made_again_and_no_call_is_sent_twice_unasked) {
    run_task(io, [](net_fixture& f) -> task<> {
        auto listener = listen_channels(f.io.get_executor(), f.local(), lines()).value();
        auto options = reconnecting();
        int greeted = 0;
        options.reconnect->on_connect = [&](const rpc::peer& p) { greeted += p.try_notify("hello"); };
        auto client = co_await rpc::connect(f.io, "unix:" + f.path(), {}, options);
        auto server = co_await listener.async_accept();
        answer once, again, later;
        client.prepare_call<int>("once")(once.handler());
        client.prepare_call<int>({.idempotent = true}, "again")(again.handler());
        BOOST_TEST(std::string(*co_await server.async_receive()).find("once") != std::string::npos);
        BOOST_TEST(std::string(*co_await server.async_receive()).find("again") != std::string::npos);
        server.close();
        co_await wait_for(once);
        BOOST_TEST(once.ec == make_error_code(rpc::errc::disconnected));
        BOOST_TEST(again.count == 0);
        BOOST_TEST(client.is_open());
        client.prepare_call<int>("later")(later.handler());  // waits for the connection
        BOOST_TEST(!client.try_notify("now"));
        server = co_await listener.async_accept();
        auto request = std::string(*co_await server.async_receive());
        BOOST_TEST(request.find("hello") != std::string::npos);  // first
        BOOST_TEST(greeted == 1);
        request = *co_await server.async_receive();
        BOOST_TEST(request.find("again") != std::string::npos);
        co_await server.async_send(result_for(request, 1));
        request = *co_await server.async_receive();
        BOOST_TEST(request.find("later") != std::string::npos);
        co_await server.async_send(result_for(request, 2));
        co_await wait_for(later);
        BOOST_TEST(again.result == 1);
        BOOST_TEST(later.result == 2);
        BOOST_TEST(client.counters().connections == 2u);
        BOOST_TEST(client.counters().late_answers == 0u);
        client.close();
    }(*this));
}

BOOST_AUTO_TEST_CASE(a_call_may_end_while_there_is_no_connection) {
    run_task(io, [](net_fixture& f) -> task<> {
        auto listener = std::make_optional(listen_channels(f.io.get_executor(), f.local(), lines()).value());
        auto client = co_await rpc::connect(f.io, "unix:" + f.path(), {}, reconnecting());
        auto server = co_await listener->async_accept();
        listener.reset();
        server.close();
        answer late, closed;
        client.prepare_call<int>({.deadline = milliseconds(1), .idempotent = true}, "f")(late.handler());
        co_await wait_for(late);
        BOOST_TEST(late.ec == asio::error::timed_out);
        client.prepare_call<int>({.idempotent = true}, "f")(closed.handler());
        client.close();
        co_await wait_for(closed);
        BOOST_TEST(closed.ec == make_error_code(rpc::errc::disconnected));
        BOOST_TEST(!client.is_open());
    }(*this));
}

BOOST_AUTO_TEST_CASE(after_the_last_attempt_the_connection_ends) {
    run_task(io, [](net_fixture& f) -> task<> {
        auto listener = std::make_optional(listen_channels(f.io.get_executor(), f.local(), lines()).value());
        auto client = co_await rpc::connect(f.io, "unix:" + f.path(), {}, reconnecting(3));
        auto server = co_await listener->async_accept();
        listener.reset();
        server.close();
        error_code ec;
        co_await client.async_wait(asio::redirect_error(asio::use_awaitable, ec));
        BOOST_TEST(ec == boost::system::errc::no_such_file_or_directory);
        BOOST_TEST(client.failure().context() == "connect again, 3 times");
    }(*this));
}

BOOST_AUTO_TEST_CASE(a_peer_that_sends_what_is_no_message_is_left_and_connected_again) {
    run_task(io, [](net_fixture& f) -> task<> {
        auto listener = listen_channels(f.io.get_executor(), f.local(), nul_terminated()).value();
        auto client = co_await rpc::connect(f.io, "unix:" + f.path() + "?protocol=varlink", {}, reconnecting());
        answer again;
        client.prepare_call<int>({.idempotent = true}, "again")(again.handler());
        for (const auto* said : {"[]", R"({"error":1})", R"({"parameters":{"n":7}})"}) {
            auto server = co_await listener.async_accept();
            BOOST_TEST((co_await server.async_receive()).has_value());
            co_await server.async_send(said);
            std::size_t connections = client.counters().connections;
            // What is no message ends the connection; what is one ends the call.
            while (again.count == 0 && client.counters().connections == connections)
                co_await asio::post(asio::deferred);
        }
        co_await wait_for(again);
        BOOST_TEST(again.result == 7);
        BOOST_TEST(client.counters().connections == 3u);
    }(*this));
}

BOOST_AUTO_TEST_CASE(a_call_after_the_end_of_a_connection_that_was_lost_fails) {
    run_task(io, [](net_fixture& f) -> task<> {
        auto listener = std::make_optional(listen_channels(f.io.get_executor(), f.local(), lines()).value());
        auto client = co_await rpc::connect(f.io, "unix:" + f.path(), {}, reconnecting());
        auto server = co_await listener->async_accept();
        listener.reset();
        server.close();
        while (client.peer().native_handle() >= 0) co_await asio::post(asio::deferred);
        client.close();
        for (int i = 0; i < 100; ++i) co_await asio::post(asio::deferred);  // until nothing is under way any more
        answer later;
        client.prepare_call<int>("f")(later.handler());
        co_await wait_for(later);
        BOOST_TEST(later.ec == make_error_code(rpc::errc::disconnected));
    }(*this));
}

BOOST_AUTO_TEST_CASE(a_handler_whose_connection_is_lost_sends_nothing_over_the_next) {
    run_task(io, [](net_fixture& f) -> task<> {
        auto listener = listen_channels(f.io.get_executor(), f.local(), lines()).value();
        rpc::router calls;
        error_code part;
        bool began = false, done = false;
        asio::steady_timer gate(f.io, asio::steady_timer::time_point::max());
        calls.on("work", {"n"}, [&](int, rpc::context& c) -> task<int> {
            began = true;
            co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
            error_code ignored;
            co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            co_await c.async_send_part(1)(asio::redirect_error(asio::use_awaitable, part));
            done = true;
            co_return 2;
        });
        auto client = co_await rpc::connect(f.io, "unix:" + f.path(), calls, reconnecting());
        auto server = co_await listener.async_accept();
        co_await server.async_send(
            R"({"jsonrpc":"2.0","method":"work","params":{"n":1,"partialResultToken":7},"id":1})");
        while (!began) co_await asio::post(asio::deferred);
        server.close();
        server = co_await listener.async_accept();
        while (client.counters().connections != 2) co_await asio::post(asio::deferred);
        gate.cancel();
        while (!done) co_await asio::post(asio::deferred);
        BOOST_TEST(part == asio::error::operation_aborted);
        BOOST_TEST(client.try_notify("last"));
        BOOST_TEST(std::string(*co_await server.async_receive()).find("last") != std::string::npos);  // and first
        client.close();
    }(*this));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
