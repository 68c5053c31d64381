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
#include <boost/describe/class.hpp>

#include <chrono>
#include <string>

using namespace parley;
using namespace std::chrono_literals;

namespace {

struct not_described {};

struct item {
    std::string name;
    int count;
};
BOOST_DESCRIBE_STRUCT(item, (), (name, count))

struct place {
    int row;
};
BOOST_DESCRIBE_STRUCT(place, (), (row))

[[maybe_unused]] task<int> one() { co_return 1; }

[[maybe_unused]] void refused(asio::io_context& io, asio::steady_timer& timer, rpc::router& calls,
                              const rpc::peer& other) {
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
#elif defined(REFUSED_temporary_aggregate)
    other.prepare_call<int>("put", item{"a", 1});
#elif defined(REFUSED_temporary_aggregate_of_a_coroutine)
    (void)[](const rpc::peer& of)->task<> { co_await of.async_call<int>("put", item{"a", 1}); }
    (other);
#elif defined(REFUSED_temporary_aggregate_of_a_notification)
    other.async_notify("put", item{"a", 1});
#elif defined(REFUSED_temporary_aggregate_by_name)
    other.prepare_call<int>("put", rpc::named("what", item{"a", 1}));
#elif defined(REFUSED_temporary_aggregate_of_members)
    other.prepare_call<int>("put", rpc::named(item{"a", 1}));
#elif defined(REFUSED_temporary_aggregate_as_part)
    calls.on("parts", [](rpc::context& c) -> task<> { co_await c.async_send_part(item{"a", 1}); });
#elif defined(REFUSED_argument_without_a_name)
    rpc::named("n", 1, 2, 3);
#else
    asio::co_spawn(io, with_timeout(one(), 1s), asio::detached);
    with_timeout(timer.async_wait(asio::deferred), 1s, asio::bind_executor(io, [](error_code) {}));
    calls.on("f", [](int n, rpc::context&) { return n; });
    calls.otherwise([](const std::string&, rpc::value v) { return v; });
    (void)rpc::named("n", 1, "m", 3);
    const auto argument = item{"a", 1};
    other.prepare_call<int>("put", argument, std::string("b"), place{1}, rpc::object{}, "text");
    other.async_notify("put", rpc::named("what", argument, "where", place{1}));
    (void)rpc::named(argument);
#endif
}

}  // namespace
