// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A parent and its child exchange messages over a socket pair: each arrives whole, whatever bytes it has and however
// long it is. The child turns them round.

#include <parley/loop/application.hpp>
#include <parley/message/channel.hpp>
#include <parley/message/length_prefix.hpp>
#include <parley/net/local.hpp>
#include <parley/process/spawn.hpp>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>

#include <iostream>
#include <string>
#include <string_view>
#include <utility>

namespace asio = parley::asio;
using local = asio::local::stream_protocol;

// [child]
parley::task<int> be_the_child() {
    local::socket parent(co_await asio::this_coro::executor, local(), 3);
    parley::channel messages(std::move(parent), parley::length_prefix());
    int count = 0;
    while (const auto message = co_await messages.async_receive()) {
        const std::string reversed(message->rbegin(), message->rend());
        co_await messages.async_send(reversed);
        ++count;
    }
    co_await messages.async_shutdown();  // sends what has gathered
    co_return count;
}
// [/child]

// [parent]
parley::task<int> be_the_parent() {
    const auto executor = co_await asio::this_coro::executor;
    auto [here, there] = parley::make_socket_pair<local>(executor).value();
    const parley::command mirror{
        .program = "/proc/self/exe", .arguments = {"child"}, .descriptors = {{there.native_handle(), 3}}};
    auto child = parley::spawn(executor, mirror).value();
    there.close();  // the child has it now
    parley::channel messages(std::move(here), parley::length_prefix());

    for (const char* text : {"drawer", "", "eno\nowt", "a nut for a jar of tuna"}) {
        co_await messages.async_send(text);
        const auto answer = co_await messages.async_receive();
        std::cout << "\"" << text << "\" comes back as \"" << answer.value() << "\"\n";
    }
    const std::string large(10'000'000, 'x');
    co_await messages.async_send(large);
    std::cout << "and " << (co_await messages.async_receive())->size() << " bytes in one piece\n";

    co_await messages.async_end();
    std::cout << "the child " << co_await child.async_wait() << std::endl;
    co_return 0;
}
// [/parent]

int main(int count, char*[]) { return parley::run(count > 1 ? be_the_child() : be_the_parent()); }
