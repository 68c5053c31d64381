// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A conversation with a child, line by line: what it writes and what it reads are one channel. It is asked, it answers,
// it is told that nothing more comes, and it says good-bye.

#include <parley/loop/application.hpp>
#include <parley/message/channel.hpp>
#include <parley/message/lines.hpp>
#include <parley/message/stream_pair.hpp>
#include <parley/process/spawn.hpp>

#include <boost/asio/this_coro.hpp>

#include <iostream>
#include <utility>

namespace asio = parley::asio;

// Any program that reads lines and writes lines.
constexpr auto calculator = R"(
    n=0
    while read -r sum; do n=$((n + 1)); result=$(($sum)); echo "$sum is $result"; done
    echo "those were $n sums"
    echo "good-bye"
    exit 3)";

// [talk]
parley::task<> talk_with_a_child() {
    const parley::command program{.program = "/bin/sh",
                                  .arguments = {"-c", calculator},
                                  .in = parley::stdio::pipe(),
                                  .out = parley::stdio::pipe()};
    auto child = parley::spawn(co_await asio::this_coro::executor, program).value();
    parley::channel talk(parley::stream_pair(std::move(child.out()), std::move(child.in())), parley::lines());

    for (const char* sum : {"6 * 7", "1 + 1", "1000 - 1"}) {
        co_await talk.async_send(sum);
        const auto answer = co_await talk.async_receive();
        std::cout << "child: " << answer.value_or("?") << "\n";
    }
    co_await talk.async_end();  // the end of its input; its last words are still to come
    while (const auto line = co_await talk.async_receive()) std::cout << "child: " << *line << "\n";
    std::cout << "it " << co_await child.async_wait() << "; " << talk.counters() << std::endl;
}
// [/talk]

int main() { return parley::run(talk_with_a_child()); }
