// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// 100,000 messages, few system calls: what is sent gathers before it leaves, and whoever receives takes all that has
// come at once. Two ways to take it; the counters say how often the kernel was asked.

#include <parley/loop/application.hpp>
#include <parley/loop/task_group.hpp>
#include <parley/message/channel.hpp>
#include <parley/message/length_prefix.hpp>
#include <parley/net/local.hpp>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>

#include <cstdint>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

namespace asio = parley::asio;

constexpr int how_many = 100'000;

// [send]
parley::task<> count_up(parley::any_channel& to) {
    for (int i = 1; i <= how_many; ++i) {
        const std::string number = std::to_string(i);
        if (!to.try_send(number)) co_await to.async_send(number);  // waits only when the queue is full
    }
    co_await to.async_end();
}
// [/send]

struct sum {
    int messages = 0;
    std::uint64_t total = 0;

    void add(std::string_view number) {
        ++messages;
        total += std::stoull(std::string(number));
    }
};

// [batch]
parley::task<> in_batches(parley::any_channel& from, sum& result) {
    for (;;) {
        const auto batch = co_await from.async_receive_batch();
        if (batch.empty()) co_return;  // the end
        for (const auto message : batch) result.add(message);
    }
}
// [/batch]

// [try]
parley::task<> one_and_those_behind_it(parley::any_channel& from, sum& result) {
    for (auto message = co_await from.async_receive(); message; message = co_await from.async_receive())
        for (; message; message = from.try_receive()) result.add(*message);
}
// [/try]

using receiver = std::function<parley::task<>(parley::any_channel&, sum&)>;

parley::task<> measure(const char* name, receiver receive) {
    auto [left, right] =
        parley::make_socket_pair<asio::local::stream_protocol>(co_await asio::this_coro::executor).value();
    parley::channel sender(std::move(left), parley::length_prefix());
    parley::channel reader(std::move(right), parley::length_prefix());
    sum result;
    co_await parley::with_task_group([&](parley::task_group& group) -> parley::task<> {
        group.spawn(count_up(sender));
        group.spawn(receive(reader, result));
        co_return;
    });
    std::cout << name << ": " << result.messages << " messages, sum " << result.total << ", "
              << sender.counters().writes << " writes, " << reader.counters().reads << " reads" << std::endl;
}

parley::task<> both() {
    co_await measure("batches", in_batches);
    co_await measure("one by one", one_and_those_behind_it);
}

int main() { return parley::run(both()); }
