// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Connections of both protocols over socket pairs, and bare other ends for them.
#pragma once

#include "channel_tools.hpp"

#include <parley/rpc/connection.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace parley::test {

/// The text of an answer in JSON-RPC.
inline std::string reply_to(std::uint32_t id, int result) {
    return R"({"jsonrpc":"2.0","result":)" + std::to_string(result) + R"(,"id":)" + std::to_string(id) + "}";
}

/// The handler of a call, and what came.
struct called {
    int count = 0;
    int result = 0;
    error_code ec{};
    std::string what{};

    auto handler() {
        return [this](const std::exception_ptr& failure, int r) {
            ++count;
            result = r;
            if (!failure) return;
            try {
                std::rethrow_exception(failure);
            } catch (const rpc::call_error& e) {
                ec = e.code();
                what = e.what();
            }
        };
    }
};

struct rpc_fixture : channel_fixture {
    static std::array<rpc::protocol, 2> both() { return {rpc::json_rpc(), rpc::message_pack_rpc()}; }

    /// Two connections with each other: the first is to call what the second serves.
    std::pair<rpc::connection, rpc::connection> connect(const rpc::protocol& protocol, rpc::router server_calls,
                                                        rpc::router client_calls = {},
                                                        rpc::connection_options client_options = {},
                                                        rpc::connection_options server_options = {}) {
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        client_options.protocol = server_options.protocol = protocol;
        return {rpc::connection(protocol.make_channel(std::move(a)), std::move(client_calls), client_options),
                rpc::connection(protocol.make_channel(std::move(b)), std::move(server_calls), server_options)};
    }

    /// A connection, and a channel as its other end that says what a test wants it to.
    std::pair<rpc::connection, any_channel> connect_to_bare(const rpc::protocol& protocol, rpc::router calls = {},
                                                            rpc::connection_options options = {}) {
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        options.protocol = protocol;
        return {rpc::connection(protocol.make_channel(std::move(a)), std::move(calls), options),
                protocol.make_channel(std::move(b))};
    }

    template <typename R, typename Operation>
    R get(Operation operation) {
        std::optional<R> got;
        std::exception_ptr failure;
        std::move(operation)([&](std::exception_ptr e, R r) {
            failure = std::move(e);
            got.emplace(std::move(r));
        });
        run_until(io, [&] { return got.has_value(); });
        if (failure) std::rethrow_exception(failure);
        return std::move(*got);
    }
    template <typename Operation>
    void run(Operation operation) {
        bool done = false;
        std::move(operation)([&](auto failure) {
            done = true;
            BOOST_TEST(!failure);
        });
        run_until(io, [&] { return done; });
    }
    /// The code of what a coroutine throws.
    error_code failure_in_coroutine(task<> body) {
        std::optional<error_code> code;
        asio::co_spawn(io, std::move(body), [&](const std::exception_ptr& failure) {
            code.emplace();
            try {
                if (failure) std::rethrow_exception(failure);
            } catch (const boost::system::system_error& e) {
                code = e.code();
            }
        });
        run_until(io, [&] { return code.has_value(); });
        return *code;
    }
    /// What a call that fails throws.
    template <typename Operation>
    rpc::call_error failure_of(Operation operation) {
        std::exception_ptr failure;
        bool done = false;
        std::move(operation)([&](std::exception_ptr e, auto&&...) {
            done = true;
            failure = std::move(e);
        });
        run_until(io, [&] { return done; });
        BOOST_TEST_REQUIRE(static_cast<bool>(failure));
        try {
            std::rethrow_exception(failure);
        } catch (const rpc::call_error& e) {
            return e;
        }
    }
};

}  // namespace parley::test
