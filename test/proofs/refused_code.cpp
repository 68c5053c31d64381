// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the compiler must refuse by a sentence of ours. Each case is compiled by itself (test/CMakeLists.txt); without a
// case the file is what is accepted.

#include <parley/core/timeout.hpp>
#include <parley/rpc/peer.hpp>
#include <parley/rpc/router.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <string>

using namespace parley;
using namespace std::chrono_literals;

namespace {

struct not_described {};

[[maybe_unused]] task<int> one() { co_return 1; }

[[maybe_unused]] void refused(asio::io_context& io, asio::steady_timer& timer, rpc::router& calls) {
#if defined(REFUSED_token_of_a_coroutine)
    with_timeout(one(), 1s, asio::detached);
#elif defined(REFUSED_timeout_without_an_executor)
    with_timeout(timer.async_wait(asio::deferred), 1s, [](error_code) {});
#elif defined(REFUSED_timeout_without_an_error)
    with_timeout(asio::async_initiate<const asio::deferred_t&, void(int)>([](auto) {}, asio::deferred), 1s,
                 asio::bind_executor(io, [](int) {}));
#elif defined(REFUSED_context_before_a_parameter)
    calls.on("f", [](rpc::context&, int n) { return n; });
#elif defined(REFUSED_parameter_without_a_codec)
    calls.on("f", [](not_described) { return 1; });
#elif defined(REFUSED_fallback_of_other_parameters)
    calls.otherwise([](int n) { return n; });
#elif defined(REFUSED_argument_without_a_name)
    rpc::named("n", 1, 2, 3);
#else
    asio::co_spawn(io, with_timeout(one(), 1s), asio::detached);
    with_timeout(timer.async_wait(asio::deferred), 1s, asio::bind_executor(io, [](error_code) {}));
    calls.on("f", [](int n, rpc::context&) { return n; });
    calls.otherwise([](const std::string&, rpc::value v) { return v; });
    (void)rpc::named("n", 1, "m", 3);
#endif
}

}  // namespace
