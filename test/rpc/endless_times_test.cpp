// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The longest time is as good as no limit, and never the shortest.

#include "rpc_tools.hpp"

#include <chrono>
#include <utility>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(endless_times_test)

BOOST_FIXTURE_TEST_SUITE(endless_times_suite, rpc_fixture)

BOOST_AUTO_TEST_CASE(a_call_without_a_limit_is_answered) {
    using option = saturated<std::chrono::steady_clock::duration>;
    const std::vector<option> longest{std::chrono::steady_clock::duration::max(), std::chrono::milliseconds::max(),
                                      std::chrono::hours::max(), std::chrono::years(300)};
    for (const auto& time : longest) {
        rpc::router calls;
        calls.on("f", [](int n) { return n + 1; });
        rpc::connection_options options;
        options.deadline = time;
        options.last_answers = time;
        auto [client, server] = connect(rpc::json_rpc(), std::move(calls), {}, options, options);
        called by_connection, by_call;
        client.prepare_call<int>("f", 1)(by_connection.handler());
        rpc::call_options own;
        own.deadline = time;
        client.prepare_call<int>(own, "f", 2)(by_call.handler());
        run_until(io, [&] { return by_connection.count + by_call.count == 2; });
        BOOST_TEST(by_connection.result == 2);
        BOOST_TEST(by_call.result == 3);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
