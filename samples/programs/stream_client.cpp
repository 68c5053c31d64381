// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The lecture's client of streams: sends each word as a line and prints the answers.
//
//     stream_client ADDRESS WORD...

#include <parley/loop/application.hpp>
#include <parley/net/connect.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

namespace asio = parley::asio;
using namespace std::chrono_literals;

// [client]
parley::task<> ask(parley::address server, std::vector<std::string> words) {
    const parley::connect_options within{.timeout = 5s};
    auto connection = co_await parley::async_connect(co_await asio::this_coro::executor, server, within);
    std::string answer;
    for (const auto& word : words) {
        co_await asio::async_write(connection, asio::buffer(word + "\n"), asio::use_awaitable);
        const auto length =
            co_await asio::async_read_until(connection, asio::dynamic_buffer(answer), '\n', asio::use_awaitable);
        std::cout << word << " -> " << answer.substr(0, length) << std::flush;
        answer.erase(0, length);
    }
}
// [/client]

int main(int count, char** words) {
    const auto server = parley::address::parse(count > 1 ? words[1] : "");
    if (!server) {
        std::cerr << server.error() << "\nusage: stream_client ADDRESS WORD...\n";
        return 2;
    }
    return parley::run(ask(*server, {words + 2, words + count}));
}
