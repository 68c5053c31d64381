// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How a connection has ended, as its calls are told; and what has no connection at all.

#include "rpc_tools.hpp"

#include "rpc/steps.hpp"

#include <parley/message/stream_pair.hpp>
#include <parley/rpc/reply_stream.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <sys/socket.h>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(connection_end_test)

BOOST_FIXTURE_TEST_SUITE(connection_end_suite, rpc_fixture)

BOOST_AUTO_TEST_CASE(a_call_is_told_by_one_code_and_a_text_how_its_connection_has_ended) {
    struct ending {
        std::function<void(rpc::connection&, any_channel&)> bring_about;
        std::string how, why;
    };
    const auto by_shutdown = [&](rpc::connection& c, any_channel&) { run(c.async_shutdown()); };
    const ending endings[] = {
        {[](rpc::connection&, any_channel& other) { other.close(); }, "the other side ended the connection", ""},
        {[](rpc::connection& c, any_channel&) { c.close(); }, "this side closed the connection", ""},
        {by_shutdown, "this side shut the connection down", ""},
        {[&](rpc::connection&, any_channel& other) { BOOST_TEST(!send_to(other, "\x01")); }, "the connection failed",
         ": message 1: an array of 3 or 4 values was expected: the other side did not understand the request"},
    };
    for (const auto& [bring_about, how, why] : endings) {
        auto [client, server] = connect_to_bare(rpc::message_pack_rpc());
        called in_flight, later;
        client.prepare_call<int>("f")(in_flight.handler());
        BOOST_TEST(receive_from(server).message.has_value());
        bring_about(client, server);
        run_until(io, [&] { return in_flight.count == 1 && !client.is_open(); });
        client.prepare_call<int>("g")(later.handler());
        BOOST_TEST(later.count == 0);
        run_until(io, [&] { return later.count == 1; });
        BOOST_TEST(in_flight.ec == make_error_code(rpc::errc::disconnected));
        BOOST_TEST(in_flight.what == "f: " + how + " before the answer came" + why);
        BOOST_TEST(later.ec == make_error_code(rpc::errc::disconnected));
        BOOST_TEST(later.what == "g: " + how + why);
        done told, ended;
        client.async_notify("h")(told.handler());
        client.async_end(ended.handler());
        run_until(io, [&] { return told.count == 1 && ended.count == 1; });
        BOOST_TEST(told.ec == make_error_code(rpc::errc::disconnected));
        BOOST_TEST(ended.ec == make_error_code(rpc::errc::disconnected));
        BOOST_TEST(!client.try_notify("h"));
    }
}

BOOST_AUTO_TEST_CASE(a_deadline_says_how_long_it_was) {
    const std::pair<std::chrono::microseconds, std::string> limits[] = {{std::chrono::microseconds(900), "900 us"},
                                                                        {std::chrono::milliseconds(2), "2 ms"}};
    for (const auto& [limit, text] : limits) {
        auto [client, server] = connect_to_bare(rpc::json_rpc());
        called late;
        client.prepare_call<int>({.deadline = limit}, "slow")(late.handler());
        run_until(io, [&] { return late.count == 1; });
        BOOST_TEST(late.ec == asio::error::timed_out);
        BOOST_TEST(late.what == "slow: no answer within " + text);
    }
    auto [client, server] = connect_to_bare(rpc::json_rpc(), {}, {.deadline = std::chrono::seconds(1)});
    std::string what;
    asio::co_spawn(
        io, [](rpc::connection& c) -> task<> { co_await c.async_call<int>("slow"); }(client),
        [&](const std::exception_ptr& failure) {
            try {
                std::rethrow_exception(failure);
            } catch (const std::exception& e) {
                what = e.what();
            }
        });
    run_until(io, [&] { return !what.empty(); });
    BOOST_TEST(what == "slow: no answer within 1 s");
}

BOOST_AUTO_TEST_CASE(an_operation_outlives_its_connection) {
    for (const bool closed_before : {true, false}) {
        rpc::router calls;
        asio::steady_timer gate(io, asio::steady_timer::time_point::max());
        calls.on("wait", [&]() -> task<int> {
            error_code ignored;
            co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            co_return 7;
        });
        auto pair = connect(rpc::json_rpc(), calls);
        std::optional<rpc::connection> server(std::move(pair.second));
        called call;
        pair.first.prepare_call<int>("wait")(call.handler());
        run_until(io, [&] { return server->counters().running == 1; });
        done shut, ended, waited, told, begun_late;
        auto later = server->async_wait();
        if (closed_before) server->close();
        server->async_shutdown(shut.handler());
        server->async_wait(waited.handler());
        server->async_end(ended.handler());
        server->async_notify("n")(told.handler());
        server.reset();
        std::move(later)(begun_late.handler());
        run_until(io, [&] {
            return shut.count == 1 && waited.count == 1 && ended.count == 1 && told.count == 1 &&
                   begun_late.count == 1 && call.count == 1;
        });
        BOOST_TEST(waited.ec == asio::error::operation_aborted);
        BOOST_TEST(begun_late.ec == asio::error::operation_aborted);
        BOOST_TEST(call.ec == make_error_code(rpc::errc::disconnected));
        gate.cancel();
        run_ready(io);
    }
}

BOOST_AUTO_TEST_CASE(every_operation_of_what_has_no_connection_gives_an_error) {
    auto pair = connect_to_bare(rpc::json_rpc());
    const rpc::connection moved_to(std::move(pair.first));
    rpc::connection made, &moved_from = pair.first;
    for (auto* const none : {&made, &moved_from}) {
        BOOST_TEST(!none->is_open());
        BOOST_TEST(none->native_handle() == -1);
        BOOST_TEST(none->counters().calls == 0u);
        BOOST_TEST(!none->failure().code());
        BOOST_TEST(!none->get_executor());
        BOOST_TEST(!none->try_notify("f"));
        done waited, ended, shut, told;
        none->async_wait(asio::bind_executor(ex, waited.handler()));
        none->async_end(asio::bind_executor(ex, ended.handler()));
        none->async_shutdown(asio::bind_executor(ex, shut.handler()));
        none->async_notify("f")(asio::bind_executor(ex, told.handler()));
        called call;
        none->prepare_call<int>("f")(asio::bind_executor(ex, call.handler()));
        BOOST_TEST(waited.count + ended.count + shut.count + told.count + call.count == 0);
        run_until(io, [&] {
            return call.count == 1 && told.count == 1 && waited.count == 1 && ended.count == 1 && shut.count == 1;
        });
        for (const auto* one : {&waited, &ended, &shut, &told}) {
            BOOST_TEST(one->count == 1);
            BOOST_TEST(one->ec == asio::error::bad_descriptor);
        }
        BOOST_TEST(call.ec == asio::error::bad_descriptor);
        BOOST_TEST(call.what == "f: there is no connection");
        for (const int kind : {0, 1, 2, 3}) {
            const auto code = failure_in_coroutine([](rpc::connection& c, int which) -> task<> {
                if (which == 0) co_await c.async_wait();
                if (which == 1) co_await c.async_call<int>("f");
                if (which == 2) co_await c.peer().async_call<int>("f");
                if (which == 3) {
                    auto parts = rpc::open_stream<int>(c, "f", rpc::named("n", 1));
                    (void)co_await parts.async_next();
                }
            }(*none, kind));
            BOOST_TEST(code == asio::error::bad_descriptor);
        }
        none->close();
    }
    BOOST_TEST(moved_to.is_open());
}

BOOST_AUTO_TEST_CASE(a_stream_of_parts_that_was_moved_from_gives_an_error) {
    auto [client, server] = connect_to_bare(rpc::json_rpc());
    auto parts = rpc::open_stream<int>(client, "f", rpc::named("n", 1));
    const auto taken = std::move(parts);
    BOOST_TEST(failure_in_coroutine([](rpc::reply_stream<int>& s) -> task<> {
                   (void)co_await s.async_next();
               }(parts)) == asio::error::bad_descriptor);
    BOOST_CHECK_THROW((void)parts.result(), boost::system::system_error);
}

BOOST_AUTO_TEST_CASE(a_router_and_a_protocol_that_were_moved_from_are_what_they_were) {
    rpc::router calls;
    calls.on("f", [] { return 1; });
    rpc::protocol protocol = rpc::json_rpc();
    for (int i = 0; i < 2; ++i) {
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        const rpc::connection server(std::move(a), std::move(calls), {.protocol = std::move(protocol)});
        rpc::connection client(std::move(b));
        BOOST_TEST(get<int>(client.prepare_call<int>("f")) == 1);
    }
    BOOST_TEST(calls.has("f"));
    BOOST_TEST(protocol.name() == "json-rpc");
}

// The rule: the first failure is the cause, what it has cancelled is not.
BOOST_AUTO_TEST_CASE(a_shutdown_that_fails_tells_the_cause) {
    rpc::router calls;
    calls.on("large", [] { return std::string(4000000, 'x'); });
    auto [server, client] = connect_to_bare(rpc::json_rpc(), calls);
    BOOST_TEST(!send_to(client, R"({"jsonrpc":"2.0","method":"large","id":1})"));
    run_until(io, [&] { return server.counters().served == 1; });
    done shut, waited;
    server.async_shutdown(shut.handler());
    server.async_wait(waited.handler());
    run_ready(io);
    BOOST_TEST(shut.count == 0);
    client.close();  // without having read
    run_until(io, [&] { return shut.count == 1 && waited.count == 1; });
    BOOST_TEST((shut.ec == asio::error::broken_pipe || shut.ec == asio::error::connection_reset));
    BOOST_TEST(waited.ec == shut.ec);
    BOOST_TEST(server.failure().code() == shut.ec);
}

// Over TCP a channel that shuts down throws away what comes, which is no failure.
BOOST_AUTO_TEST_CASE(a_shutdown_over_tcp_succeeds_and_everything_arrives) {
    asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    asio::ip::tcp::socket a(io), b(io);
    a.connect(acceptor.local_endpoint());
    acceptor.accept(b);
    acceptor.close();
    rpc::router calls;
    calls.on("large", [] { return std::string(4000000, 'x'); });
    const auto protocol = rpc::json_rpc();
    rpc::connection server(protocol.make_channel(std::move(a)), calls);
    auto client = protocol.make_channel(std::move(b));
    BOOST_TEST(!send_to(client, R"({"jsonrpc":"2.0","method":"large","id":1})"));
    run_until(io, [&] { return server.counters().served == 1; });
    called own;
    server.prepare_call<int>("f")(own.handler());
    done shut, waited;
    server.async_shutdown(shut.handler());
    server.async_wait(waited.handler());
    BOOST_TEST(receive_from(client).message.value_or("").size() > 4000000u);
    BOOST_TEST(receive_from(client).message.has_value());  // the call
    BOOST_TEST(!send_to(client, reply_to(1, 5)));
    BOOST_TEST(receive_from(client).is_end());
    client.close();
    run_until(io, [&] { return shut.count == 1 && waited.count == 1 && own.count == 1; });
    BOOST_TEST(!shut.ec);
    BOOST_TEST(!waited.ec);
    BOOST_TEST(!server.failure().code());
    BOOST_TEST(own.ec == make_error_code(rpc::errc::disconnected));
}

// It goes on writing, and takes nothing.
BOOST_AUTO_TEST_CASE(a_side_that_reads_no_more_ends_the_connection_once_it_was_heard) {
    for (const bool answers : {true, false}) {
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        rpc::connection client(std::move(a), {}, {.last_answers = std::chrono::milliseconds(answers ? 100 : 1)});
        called first, second;
        client.prepare_call<int>("f")(first.handler());
        run_ready(io);
        BOOST_TEST(::shutdown(b.native_handle(), SHUT_RD) == 0);
        client.prepare_call<int>("g")(second.handler());
        run_ready(io);
        BOOST_TEST(second.count == 0);
        if (answers) asio::write(b, asio::buffer(reply_to(1, 5) + "\n"));
        run_until(io, [&] { return first.count == 1 && second.count == 1; });
        BOOST_TEST(first.result == (answers ? 5 : 0));
        BOOST_TEST(second.ec == make_error_code(rpc::errc::disconnected));
        BOOST_TEST(second.what == "g: the connection failed before the answer came: " + client.failure().message());
        BOOST_TEST(client.failure().code() == asio::error::broken_pipe);
        BOOST_TEST(client.failure().context().starts_with("send message"));
    }
}

BOOST_AUTO_TEST_CASE(answers_that_cannot_be_sent_are_no_clean_end) {
    rpc::router calls;
    calls.on("f", [] { return 1; });
    auto in = make_socket_pair<local_stream>(ex).value();
    auto out = make_socket_pair<local_stream>(ex).value();
    const auto protocol = rpc::json_rpc();
    rpc::connection server(protocol.make_channel(stream_pair(std::move(in.first), std::move(out.first))), calls);
    BOOST_TEST(::shutdown(out.second.native_handle(), SHUT_RD) == 0);
    asio::write(in.second, asio::buffer(std::string(R"({"jsonrpc":"2.0","method":"f","id":1})") + "\n"));
    run_until(io, [&] { return server.counters().served == 1; });
    run_ready(io);
    done waited;
    server.async_wait(waited.handler());
    in.second.close();
    run_until(io, [&] { return waited.count == 1; });
    BOOST_TEST(waited.ec == asio::error::broken_pipe);
    BOOST_TEST(server.failure().context() == "send message 1");
}

BOOST_AUTO_TEST_CASE(the_end_costs_each_function_that_runs_the_same) {
    const auto steps_for = [this](std::size_t n) {
        asio::steady_timer gate(io, asio::steady_timer::time_point::max());
        std::size_t cancelled = 0;
        rpc::router calls;
        calls.on("wait", [&](rpc::context& c) -> task<> {  // it goes on although it is cancelled
            co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
            error_code ignored;
            co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            if (c.cancelled()) ++cancelled;
        });
        auto [client, server] = connect(rpc::json_rpc(), calls);
        for (std::size_t i = 0; i < n; ++i) BOOST_TEST_REQUIRE(client.try_notify("wait"));
        run_until(io, [&] { return server.counters().running == n; });
        const auto before = rpc::detail::steps;
        server.close();
        run_ready(io);
        const auto taken = rpc::detail::steps - before;
        gate.cancel();
        run_until(io, [&] { return server.counters().running == 0; });
        BOOST_TEST(cancelled == n);
        return taken;
    };
    const auto few = steps_for(200), many = steps_for(400);
    BOOST_TEST(few >= 200u);
    BOOST_TEST(many <= 2 * few);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
