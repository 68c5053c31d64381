// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A speaker who is faster than the listener. The queue between them is bounded; what happens when it is full is a
// choice of the speaker: wait, be refused, drop what is old, or drop what is new.

#include <parley/core/timeout.hpp>
#include <parley/loop/application.hpp>
#include <parley/message/channel.hpp>
#include <parley/message/lines.hpp>
#include <parley/net/local.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <tuple>
#include <utility>

namespace asio = parley::asio;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

// [speak]
// Says a thousand lines while nobody listens. The kernel takes some, the queue takes a hundred; and then?
parley::task<> speak(parley::any_channel& to) {
    int sent = 0;
    parley::error_code failed;
    for (int i = 1; i <= 1000 && failed != asio::error::timed_out; ++i) {
        const std::string line = std::to_string(i) + ": " + std::string(1000, 'x');
        std::tie(failed) = co_await with_timeout(to.async_send(line), 500ms, asio::as_tuple(asio::use_awaitable));
        if (!failed) ++sent;
    }
    const auto counters = to.counters();
    std::cout << sent << " sent, " << counters.dropped << " of them dropped, " << counters.refused << " refused"
              << (failed ? ", the last: " + failed.message() : "") << "\n";
}
// [/speak]

parley::task<> listen(parley::any_channel& from) {
    int last = 0;
    while (const auto line = co_await from.async_receive()) {
        const int number = std::stoi(std::string(*line));
        if (last == 0) std::cout << "  heard: " << number << " to ";
        if (last != 0 && number != last + 1) std::cout << last << ", then " << number << " to ";
        last = number;
    }
    std::cout << last << std::endl;
}

// [policies]
parley::task<> try_out(const char* name, parley::full_queue when_full) {
    auto [mouth, ear] =
        parley::make_socket_pair<asio::local::stream_protocol>(co_await asio::this_coro::executor).value();
    parley::channel speaker(std::move(mouth), parley::lines(), {.queue_messages = 100, .when_full = when_full});
    parley::channel listener(std::move(ear), parley::lines());
    std::cout << name << ": ";
    co_await speak(speaker);
    co_await (listen(listener) && speaker.async_end(asio::use_awaitable));
}

parley::task<> all() {
    co_await try_out("wait", parley::full_queue::wait);
    co_await try_out("fail", parley::full_queue::fail);
    co_await try_out("drop_oldest", parley::full_queue::drop_oldest);
    co_await try_out("drop_newest", parley::full_queue::drop_newest);
}
// [/policies]

int main() { return parley::run(all()); }
