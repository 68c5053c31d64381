// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Functions that end when the test says so, behind a connection whose calls wait for their turn.
#pragma once

#include "rpc_tools.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace parley::test {

struct gated_fixture : rpc_fixture {
    asio::steady_timer gate{io, asio::steady_timer::time_point::max()};
    std::size_t running = 0, most = 0;
    std::vector<int> began{};
    rpc::router calls{};

    gated_fixture() {
        calls.on("wait", [this](int n) -> task<int> {
            most = std::max(most, ++running);
            began.push_back(n);
            error_code ignored;
            co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            --running;
            co_return n;
        });
        calls.on("now", [this](int n) {
            began.push_back(n);
            return n;
        });
    }
    static std::string call(int n, std::string_view method = "wait", std::string_view more = "") {
        std::string text = R"({"jsonrpc":"2.0","method":")";
        text.append(method).append(R"(","params":[)").append(std::to_string(n)).append("]").append(more);
        return text + R"(,"id":)" + std::to_string(n) + "}";
    }
    static std::string batch_of(const std::vector<std::string>& messages) {
        std::string text;
        for (const auto& one : messages) text += (text.empty() ? "[" : ",") + one;
        return text + "]";
    }
    static rpc::connection_options waiting(std::size_t at_once) {
        return {.calls_running = at_once, .when_full = full_queue::wait};
    }
    rpc::value next_value(any_channel& from) {
        const auto got = receive_from(from);
        BOOST_TEST_REQUIRE(got.message.has_value());
        return rpc::from_json(*got.message).value();
    }
    /// Opens the gate until `finished`.
    template <typename Predicate>
    void let_go(Predicate finished) {
        run_until(io, [&] {
            gate.cancel();
            return finished();
        });
    }
    /// The next message, with the gate open.
    rpc::value next_while_open(any_channel& from) {
        received got;
        from.async_receive(got.handler());
        let_go([&] { return got.count == 1; });
        BOOST_TEST_REQUIRE(got.message.has_value());
        return rpc::from_json(*got.message).value();
    }
};

}  // namespace parley::test
