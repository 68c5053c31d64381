// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Answers that are not right, and what becomes of calls that are given up: fault rows F8, F9.

#include "rpc_tools.hpp"

#include <parley/core/timeout.hpp>

#include "rpc/waiting_calls.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(session_test)

BOOST_FIXTURE_TEST_SUITE(session_suite, rpc_fixture)

BOOST_AUTO_TEST_CASE(an_answer_to_no_call_reaches_nobody) {
    auto [client, server] = connect_to_bare(rpc::json_rpc());
    called call;
    client.prepare_call<int>("f")(call.handler());
    BOOST_TEST(receive_from(server).message.has_value());
    // 17 and 33 fall into the same slot as 1.
    for (const char* other : {"2", "17", "33", "0", "4294967295", "4294967296", "-1", "1.5", "\"1\"", "null"})
        BOOST_TEST(!send_to(server, std::string(R"({"jsonrpc":"2.0","result":666,"id":)") + other + "}"));
    BOOST_TEST(!send_to(server, R"({"jsonrpc":"2.0","result":666})"));
    BOOST_TEST(!send_to(server, reply_to(1, 5)));
    run_until(io, [&] { return call.count != 0; });
    BOOST_TEST(call.result == 5);
    BOOST_TEST(client.counters().unknown_answers == 11u);
    BOOST_TEST(client.counters().late_answers == 0u);
}

BOOST_AUTO_TEST_CASE(a_second_answer_reaches_nobody) {
    auto [client, server] = connect_to_bare(rpc::json_rpc());
    called first, second;
    client.prepare_call<int>("f")(first.handler());
    BOOST_TEST(!send_to(server, reply_to(1, 5)));
    BOOST_TEST(!send_to(server, reply_to(1, 6)));
    run_until(io, [&] { return client.counters().late_answers == 1; });
    BOOST_TEST(first.count == 1);
    BOOST_TEST(first.result == 5);
    client.prepare_call<int>("f")(second.handler());
    BOOST_TEST(!send_to(server, reply_to(1, 7)));
    BOOST_TEST(!send_to(server, reply_to(2, 8)));
    run_until(io, [&] { return second.count == 1; });
    BOOST_TEST(second.result == 8);
    BOOST_TEST(client.counters().late_answers == 2u);
}

BOOST_AUTO_TEST_CASE(ids_wrap_and_pass_over_those_in_use) {
    rpc::detail::waiting_calls* known = nullptr;
    rpc::detail::waiting_calls calls(&known);
    struct nothing final : rpc::detail::waiting_call {
        void complete(rpc::element, bool) override {}
        void fail(const rpc::call_error&) override {}
        asio::cancellation_slot slot() const override { return {}; }
        executor get_executor() const override { return {}; }
    };
    std::uint32_t next = 4294967291u;  // 2^32 - 5
    std::vector<std::uint32_t> ids;
    for (int i = 0; i < 8; ++i) ids.push_back(calls.add(std::make_unique<nothing>(), next, false).id);
    BOOST_TEST(
        (ids == std::vector<std::uint32_t>{4294967291u, 4294967292u, 4294967293u, 4294967294u, 4294967295u, 1, 2, 3}));
    // One that stays: its place is passed over each time round.
    for (const auto id : ids)
        if (id != 4294967293u) BOOST_TEST((calls.take(id) != nullptr));
    for (int i = 0; i < 100; ++i) {
        const auto id = calls.add(std::make_unique<nothing>(), next, false).id;
        BOOST_TEST(id % 16 != 4294967293u % 16);
        BOOST_TEST((calls.take(id) != nullptr));
        BOOST_TEST((calls.take(id) == nullptr));
    }
    BOOST_TEST((calls.find(4294967293u) != nullptr));
    // Growing loses none.
    ids.clear();
    for (int i = 0; i < 1000; ++i) ids.push_back(calls.add(std::make_unique<nothing>(), next, false).id);
    for (const auto id : ids) BOOST_TEST((calls.take(id) != nullptr));
    BOOST_TEST((calls.take(4294967293u) != nullptr));
    BOOST_TEST(calls.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_a_call_and_tells_the_other_side) {
    auto [client, server] = connect_to_bare(rpc::json_rpc());
    called late, other;
    client.prepare_call<int>({.deadline = std::chrono::milliseconds(1)}, "slow")(late.handler());
    BOOST_TEST(*receive_from(server).message == R"({"jsonrpc":"2.0","method":"slow","id":1})");
    BOOST_TEST(*receive_from(server).message == R"({"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}})");
    BOOST_TEST(late.count == 1);
    BOOST_TEST(late.ec == asio::error::timed_out);
    BOOST_TEST(late.what.starts_with("slow: "));
    client.prepare_call<int>("next")(other.handler());
    BOOST_TEST(!send_to(server, reply_to(1, 1)));
    BOOST_TEST(!send_to(server, reply_to(2, 2)));
    run_until(io, [&] { return other.count == 1; });
    BOOST_TEST(other.result == 2);
    BOOST_TEST(client.counters().late_answers == 1u);
}

BOOST_AUTO_TEST_CASE(a_connection_has_a_deadline_for_all_calls) {
    auto [client, server] = connect_to_bare(rpc::message_pack_rpc(), {}, {.deadline = std::chrono::milliseconds(1)});
    called late;
    client.prepare_call<int>("slow")(late.handler());
    run_until(io, [&] { return late.count == 1; });
    BOOST_TEST(late.ec == asio::error::timed_out);
}

BOOST_AUTO_TEST_CASE(a_cancelled_call_ends_and_its_handler_on_the_other_side) {
    rpc::router calls;
    int began = 0;
    error_code ended;
    calls.on("wait", [&]() -> task<int> {
        ++began;
        asio::steady_timer never(io, asio::steady_timer::time_point::max());
        co_await never.async_wait(asio::redirect_error(asio::use_awaitable, ended));
        throw boost::system::system_error(ended);
    });
    auto [client, server] = connect(rpc::json_rpc(), calls);
    for (const auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        asio::cancellation_signal signal;
        called call;
        began = 0;
        ended = {};
        client.prepare_call<int>("wait")(asio::bind_cancellation_slot(signal.slot(), call.handler()));
        run_until(io, [&] { return began == 1; });
        signal.emit(type);
        BOOST_TEST(call.count == 0);  // not from within
        run_until(io, [&] { return call.count == 1; });
        BOOST_TEST(call.ec == asio::error::operation_aborted);
        run_until(io, [&] { return server.counters().running == 0; });
        BOOST_TEST(ended == asio::error::operation_aborted);
    }
    run_until(io, [&] { return client.counters().late_answers == 3; });
    BOOST_TEST(server.counters().faults == 3u);
}

BOOST_AUTO_TEST_CASE(with_timeout_ends_a_call_too) {
    auto [client, server] = connect_to_bare(rpc::json_rpc());
    const auto failure = failure_in_coroutine([](rpc::connection& c) -> task<> {
        co_await with_timeout(c.prepare_call<int>("slow"), std::chrono::milliseconds(1), asio::use_awaitable);
    }(client));
    BOOST_TEST(failure == error_code(asio::error::timed_out));
    BOOST_TEST(client.counters().waiting == 0u);
}

BOOST_AUTO_TEST_CASE(an_exception_of_a_callback_leaves_run_and_the_connection_goes_on) {
    rpc::router calls;
    calls.on("f", [] { return 1; });
    auto [client, server] = connect(rpc::json_rpc(), calls);
    client.prepare_call<int>("f")([](const std::exception_ptr&, int) { throw std::runtime_error("mine"); });
    BOOST_CHECK_THROW(run_until(io, [] { return false; }), std::runtime_error);
    BOOST_TEST(get<int>(client.prepare_call<int>("f")) == 1);
}

BOOST_AUTO_TEST_CASE(a_context_that_is_destroyed_leaves_nothing) {
    rpc::router calls;
    auto own = std::make_unique<asio::io_context>();
    calls.on("wait", [&]() -> task<int> {
        asio::steady_timer never(*own, asio::steady_timer::time_point::max());
        co_await never.async_wait(asio::use_awaitable);
        co_return 1;
    });
    bool began = false;
    {
        auto [a, b] = make_socket_pair<local_stream>(own->get_executor()).value();
        const rpc::protocol protocol;
        asio::co_spawn(
            *own,
            [](rpc::connection client, rpc::connection,
               bool& set) -> task<> {
                set = true;
                co_await client.async_call<int>("wait");  // the coroutine owns both connections
            }(rpc::connection(protocol.make_channel(std::move(a))),
                          rpc::connection(protocol.make_channel(std::move(b)), calls), began),
            [](const std::exception_ptr&) {});
    }
    for (int i = 0; i < 20; ++i) own->poll();
    BOOST_TEST(began);
    own.reset();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
