// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Calls functions of a child over its standard streams, as an editor does with a language server. The child here is
// this program once more. What it prints does not get between the calls.

#include <parley/loop/application.hpp>
#include <parley/message/standard_streams.hpp>
#include <parley/message/stream_pair.hpp>
#include <parley/process/spawn.hpp>
#include <parley/rpc/connection.hpp>

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace asio = parley::asio;
namespace rpc = parley::rpc;
using words = std::vector<std::string>;

// [child]
parley::task<> be_the_child() {
    rpc::router functions;
    functions.on("add", [](int a, int b) { return a + b; });
    functions.on("sort", [](words all) {
        std::sort(all.begin(), all.end());
        std::cout << "child: sorted " << all.size() << " words" << std::endl;
        return all;
    });

    parley::standard_streams parent(co_await asio::this_coro::executor);
    rpc::connection serving(std::move(parent), functions);
    co_await serving.async_wait();  // until the parent closes
}
// [/child]

// [parent]
parley::task<> be_the_parent() {
    const parley::command program{
        .program = "/proc/self/exe", .arguments = {"child"}, .in = parley::stdio::pipe(), .out = parley::stdio::pipe()};
    auto child = parley::spawn(co_await asio::this_coro::executor, program).value();
    parley::stream_pair streams(std::move(child.out()), std::move(child.in()));
    rpc::connection calls(std::move(streams));

    std::cout << "2 + 3 is " << co_await calls.async_call<int>("add", 2, 3) << std::endl;
    const words fruit{"pear", "fig", "apple"};
    for (const auto& word : co_await calls.async_call<words>("sort", fruit)) std::cout << word << " ";
    std::cout << std::endl;

    co_await calls.async_shutdown();
    std::cout << "the child " << co_await child.async_wait() << std::endl;
}
// [/parent]

int main(int count, char*[]) { return parley::run(count > 1 ? be_the_child() : be_the_parent()); }
