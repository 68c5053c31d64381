// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Many calls, over streams that are hard to use and beside callers who are: fault rows F2, F7, F9, F11.

#include "choppy_stream.hpp"
#include "rpc_tools.hpp"
#include "sanitizers.hpp"
#include "skip.hpp"

#include "rpc/tape.hpp"

#include <boost/asio/co_spawn.hpp>

#include <pthread.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(session_load_test)
namespace {

using echoed = std::tuple<std::string, std::uint32_t>;

std::uint32_t sum_of(std::string_view text) {
    return std::accumulate(text.begin(), text.end(), std::uint32_t{17},
                           [](std::uint32_t sum, char c) { return sum * 31 + static_cast<unsigned char>(c); });
}

rpc::router echoing() {
    rpc::router calls;
    calls.on("echo", {"text", "sum"}, [](std::string text, std::uint32_t sum) { return echoed(std::move(text), sum); });
    calls.on("later", {"text", "sum"}, [](std::string text, std::uint32_t sum) -> task<echoed> {
        co_await asio::post(asio::deferred);
        co_return echoed(std::move(text), sum);
    });
    return calls;
}

/// Calls `n` times, one behind the other, and looks at each answer.
task<> call_often(rpc::peer to, std::size_t n, std::uint32_t seed, std::size_t& answered) {
    for (std::size_t i = 0; i < n; ++i) {
        const auto text = numbered(seed + i, 1 + (seed + i) * 7 % 300);
        const auto sum = sum_of(text);
        const auto got =
            co_await to.async_call<echoed>(i % 3 == 0 ? "later" : "echo", rpc::named("text", text, "sum", sum));
        BOOST_TEST_REQUIRE(std::get<0>(got) == text);
        BOOST_TEST_REQUIRE(std::get<1>(got) == sum_of(text));
        ++answered;
    }
}

void rethrow(const std::exception_ptr& failure) {
    if (failure) std::rethrow_exception(failure);
}

#ifdef __OPTIMIZE__
constexpr std::size_t small_stack = std::size_t{64} << 10;
#else
constexpr std::size_t small_stack = std::size_t{128} << 10;
#endif

/// Runs `body` on a stack of 64 KiB; of twice as much where the compiler does not save any.
void on_small_stack(const std::function<void()>& body) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, small_stack);
    pthread_t thread{};
    const auto run = [](void* what) -> void* {
        (*static_cast<const std::function<void()>*>(what))();
        return nullptr;
    };
    BOOST_TEST_REQUIRE(pthread_create(&thread, &attributes, run, const_cast<std::function<void()>*>(&body)) == 0);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(session_load_suite, rpc_fixture)

BOOST_AUTO_TEST_CASE(ten_thousand_calls_over_streams_of_1_to_7_bytes_are_answered_right) {
    constexpr std::size_t callers = 8, each = sanitized ? 32 : 320;
    for (const auto& protocol : {rpc::json_rpc(), rpc::json_rpc(rpc::json_rpc_options::language_server()),
                                 rpc::message_pack_rpc(), rpc::varlink()}) {
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        const rpc::connection_options options{.protocol = protocol};
        rpc::connection client(protocol.make_channel(choppy_stream(std::move(a))), {}, options);
        rpc::connection server(protocol.make_channel(choppy_stream(std::move(b))), echoing(), options);
        std::size_t answered = 0;
        for (std::uint32_t i = 0; i < callers; ++i)
            asio::co_spawn(io, call_often(client, each, i * 1000, answered), rethrow);
        run_until(io, [&] { return answered == callers * each; });
        BOOST_TEST(client.counters().late_answers + client.counters().unknown_answers == 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_busy_caller_leaves_others_their_turn) {
    auto busy = connect(rpc::json_rpc(), echoing());
    std::vector<std::pair<rpc::connection, rpc::connection>> others;
    for (int i = 0; i < 20; ++i) others.push_back(connect(rpc::json_rpc(), echoing()));
    std::size_t flooded = 0;
    std::function<void()> again = [&] {
        busy.first.prepare_call<echoed>("echo", "flood", 1)([&](const std::exception_ptr& failure, const echoed&) {
            ++flooded;
            if (!failure) again();
        });
    };
    for (int i = 0; i < 1000; ++i) again();
    std::size_t answered = 0;
    for (auto& [client, server] : others) asio::co_spawn(io, call_often(client, 50, 1, answered), rethrow);
    const auto before = flooded;
    run_until(io, [&] { return answered == 20 * 50; });
    BOOST_TEST(flooded > before);
    // One turn of theirs costs a bounded number of the other's.
    BOOST_TEST(flooded - before < std::size_t{50} * 100000);
    busy.first.close();
    run_ready(io);
}

BOOST_AUTO_TEST_CASE(connections_that_say_half_a_word_cost_little_and_others_are_served) {
    std::vector<std::pair<rpc::connection, any_channel>> slow;
    auto [client, server] = connect(rpc::message_pack_rpc(), echoing());
    std::vector<local_stream::socket> half;
    std::vector<rpc::connection> served;
    for (int i = 0; i < 500; ++i) {
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        const rpc::connection_options options{.protocol = rpc::message_pack_rpc()};
        served.emplace_back(std::move(a), echoing(), options);
        BOOST_TEST_REQUIRE(asio::write(b, asio::buffer("\x94\x00\xce\x00", 4)) == 4u);
        half.push_back(std::move(b));
    }
    std::size_t answered = 0;
    asio::co_spawn(io, call_often(client, 1000, 1, answered), rethrow);
    run_until(io, [&] { return answered == 1000; });
    for (const auto& one : served) BOOST_TEST_REQUIRE(one.is_open());
    half.clear();
    run_until(io, [&] { return std::ranges::none_of(served, [](const auto& one) { return one.is_open(); }); });
    BOOST_TEST(served.front().failure().code() == make_error_code(parley::errc::truncated_frame));
}

BOOST_AUTO_TEST_CASE(depth_costs_no_stack) {
    if (sanitized) return skip_case("a sanitizer uses the stack for itself");
    std::string json_problem, packed_problem;
    std::size_t depth = 0;
    on_small_stack([&] {
        rpc::detail::tape t;
        json_problem = rpc::detail::parse_json(std::string(100000, '['), t).problem;
        packed_problem = rpc::detail::parse_message_pack(std::string(100000, '\x91'), t).problem;
        const auto fits = rpc::from_json(std::string(64, '[') + std::string(64, ']'));
        const rpc::value copy = fits.value();
        depth = rpc::to_json(copy).value().size();
    });
    BOOST_TEST(json_problem.ends_with("more than 64 values lie in one another"));
    BOOST_TEST(packed_problem.ends_with("more than 64 values lie in one another"));
    BOOST_TEST(depth == 128u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
