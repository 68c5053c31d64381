// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A filter: reads lines from its standard input and answers each on its standard output, as language servers and MCP
// servers do. What somebody prints meanwhile does not get between the answers. To try:
//     printf 'one\ntwo words\n' | filter_by_lines 2> /dev/null

#include <parley/loop/application.hpp>
#include <parley/message/channel.hpp>
#include <parley/message/lines.hpp>
#include <parley/message/standard_streams.hpp>

#include <boost/asio/this_coro.hpp>

#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

namespace asio = parley::asio;

int words_in(std::string_view line) {
    std::istringstream text{std::string(line)};
    int count = 0;
    for (std::string word; text >> word;) ++count;
    return count;
}

// [filter]
parley::task<> answer_each_line() {
    const auto executor = co_await asio::this_coro::executor;
    parley::channel messages{parley::standard_streams(executor), parley::lines()};

    while (const auto line = co_await messages.async_receive()) {
        std::cout << "a line came" << std::endl;  // to standard error: standard output belongs to `messages`
        const auto answer = std::to_string(words_in(*line)) + " in: " + std::string(*line);
        co_await messages.async_send(answer);
    }
    co_await messages.async_send("that was all");
    co_await messages.async_shutdown();
}
// [/filter]

int main() { return parley::run(answer_each_line()); }
