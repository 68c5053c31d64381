// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/loop/event_loop.hpp>
#include <parley/net/local.hpp>
#include <parley/net/stream.hpp>

#include "channels.hpp"
#include "impls.hpp"
#include "numbered.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <exception>
#include <utility>
#include <vector>

namespace ping_pong {
namespace {

namespace asio = parley::asio;
using local = asio::local::stream_protocol;

constexpr int patient = 0;
constexpr int busy = 100;  // microseconds

// What the socket takes at once goes without a turn of the loop.
parley::task<> send_all(local::socket& socket, asio::const_buffer message) {
    const auto sent = parley::try_send(socket, message).value().value_or(0);
    if (sent != message.size()) co_await asio::async_write(socket, message + sent, asio::use_awaitable);
}

parley::task<> ask_again(bench::run& r, std::size_t bytes, local::socket socket) {
    bench::question message(bytes);
    do {
        co_await send_all(socket, asio::buffer(message.next()));
        asio::mutable_buffer rest = asio::buffer(message.blank());
        while (rest.size() != 0) rest += co_await parley::async_receive(socket, rest);
        message.check_answer();
    } while (r.add(1));
}

parley::task<> echo_all(std::size_t bytes, local::socket socket) {
    std::vector<char> message(bytes);
    for (;;) {
        parley::error_code ended;
        for (asio::mutable_buffer rest = asio::buffer(message); rest.size() != 0;) {
            rest += co_await parley::async_receive(socket, rest, asio::redirect_error(asio::use_awaitable, ended));
            if (ended) co_return;
        }
        co_await send_all(socket, asio::buffer(message));
    }
}

parley::task<> ask_channel(bench::run& r, std::size_t bytes, parley::any_channel channel) {
    bench::question message(bytes);
    do {
        const auto text = message.next_text();
        if (!channel.try_send(text)) co_await channel.async_send(text);
        const auto answer = co_await channel.async_receive();
        bench::require(answer.has_value(), "the other side has ended");
        message.check_answer(*answer);
    } while (r.add(1));
}

parley::task<> echo_channel(parley::any_channel channel) {
    while (const auto message = co_await channel.async_receive())
        if (!channel.try_send(*message)) co_await channel.async_send(*message);
}

template <int BusyPoll>
void ask_over_channel(bench::run& r, std::size_t bytes, int socket) {
    parley::event_loop loop({.busy_poll = std::chrono::microseconds(BusyPoll)});
    asio::co_spawn(loop.get_executor(), ask_channel(r, bytes, bench::channel_over(loop, socket)), bench::rethrow);
    loop.run();
}

template <int BusyPoll>
void echo_over_channel(std::size_t, int socket) {
    parley::event_loop loop({.busy_poll = std::chrono::microseconds(BusyPoll)});
    asio::co_spawn(loop.get_executor(), echo_channel(bench::channel_over(loop, socket)), bench::rethrow);
    loop.run();
}

template <int BusyPoll>
void ask(bench::run& r, std::size_t bytes, int socket) {
    parley::event_loop loop({.busy_poll = std::chrono::microseconds(BusyPoll)});
    asio::co_spawn(loop.get_executor(), ask_again(r, bytes, local::socket(loop.context(), local(), socket)),
                   bench::rethrow);
    loop.run();
}

template <int BusyPoll>
void echo(std::size_t bytes, int socket) {
    parley::event_loop loop({.busy_poll = std::chrono::microseconds(BusyPoll)});
    asio::co_spawn(loop.get_executor(), echo_all(bytes, local::socket(loop.context(), local(), socket)),
                   bench::rethrow);
    loop.run();
}

// Each side has a loop of its own, made after the fork.
ends make_parley_ends() {
    parley::event_loop loop;
    auto [here, there] = parley::make_socket_pair<local>(loop.get_executor()).value();
    return {here.release(), there.release()};
}

}  // namespace

void with_parley(bench::run& r) { play(r, make_parley_ends(), ask<patient>, echo<patient>); }
void with_channel(bench::run& r) { play(r, make_parley_ends(), ask_over_channel<patient>, echo_over_channel<patient>); }
void with_channel_busy(bench::run& r) { play(r, make_parley_ends(), ask_over_channel<busy>, echo_over_channel<busy>); }
void with_parley_busy(bench::run& r) { play(r, make_parley_ends(), ask<busy>, echo<busy>); }

}  // namespace ping_pong
