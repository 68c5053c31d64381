// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A coroutine for each call in flight; the answer is a plain function. "busy polling": both loops poll before they
// block.

#include <parley/loop/event_loop.hpp>
#include <parley/rpc/connection.hpp>

#include "channels.hpp"
#include "impls.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <chrono>
#include <string>
#include <tuple>
#include <utility>

namespace rpc_echo {
namespace {

namespace asio = parley::asio;
namespace rpc = parley::rpc;
using local = asio::local::stream_protocol;
using answer_type = std::tuple<std::string, std::int32_t>;

constexpr int patient = 0;
constexpr int busy = 100;  // microseconds

struct json {
    static rpc::protocol protocol() { return rpc::json_rpc(); }
};
struct message_pack {
    static rpc::protocol protocol() { return rpc::message_pack_rpc(); }
};

rpc::connection over(parley::event_loop& loop, int socket, const rpc::protocol& protocol, rpc::router calls = {}) {
    const rpc::connection_options options{.protocol = protocol};
    return rpc::connection(protocol.make_channel(local::socket(loop.context(), local(), socket)), std::move(calls),
                           options);
}

parley::task<> ask_again(bench::run& r, rpc::peer peer, std::int32_t& sent, bool& more, parley::event_loop& loop) {
    while (more) {
        const call one(sent++);
        const auto asked = one.asked();
        const auto answer = co_await peer.async_call<answer_type>("echo", asked.text, asked.number);
        one.check({std::get<0>(answer), std::get<1>(answer)});
        more = more && r.add(1);
    }
    loop.stop();
}

template <typename Protocol, int BusyPoll>
void ask(bench::run& r, long in_flight, int socket) {
    parley::event_loop loop({.busy_poll = std::chrono::microseconds(BusyPoll)});
    const auto connection = over(loop, socket, Protocol::protocol());
    std::int32_t sent = 0;
    bool more = true;
    for (long i = 0; i < in_flight; ++i)
        asio::co_spawn(loop.get_executor(), ask_again(r, connection.peer(), sent, more, loop), bench::rethrow);
    loop.run();
}

template <typename Protocol, int BusyPoll>
void answer(int socket) {
    parley::event_loop loop({.busy_poll = std::chrono::microseconds(BusyPoll)});
    rpc::router calls;
    calls.on("echo", [](std::string text, std::int32_t number) { return answer_type(std::move(text), number); });
    const auto connection = over(loop, socket, Protocol::protocol(), calls);
    loop.run();
}

}  // namespace

void with_message_pack(bench::run& r) { play(r, ask<message_pack, patient>, answer<message_pack, patient>); }
void with_message_pack_busy(bench::run& r) { play(r, ask<message_pack, busy>, answer<message_pack, busy>); }
void with_json(bench::run& r) { play(r, ask<json, patient>, answer<json, patient>); }
void with_json_busy(bench::run& r) { play(r, ask<json, busy>, answer<json, busy>); }

}  // namespace rpc_echo
