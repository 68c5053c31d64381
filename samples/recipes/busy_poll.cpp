// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Back and forth as fast as it goes: questions and answers between two processes whose loops sleep while nothing comes,
// and again with loops that poll before they sleep. The other side is this program once more, with a socket at
// descriptor 3.

#include <parley/loop/application.hpp>
#include <parley/net/local.hpp>
#include <parley/net/stream.hpp>
#include <parley/process/spawn.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <chrono>
#include <iostream>
#include <string>

namespace asio = parley::asio;
using local = asio::local::stream_protocol;
using namespace std::chrono_literals;
using microseconds = std::chrono::duration<double, std::micro>;

// [send]
// What the socket takes at once goes without a turn of the loop.
parley::task<> send(local::socket& to, asio::const_buffer text) {
    const auto sent = parley::try_send(to, text).value().value_or(0);
    if (sent != text.size()) co_await asio::async_write(to, text + sent, asio::use_awaitable);
}
// [/send]

// [answer]
parley::task<> answer() {
    local::socket parent(co_await asio::this_coro::executor, local(), 3);
    std::array<char, 4096> bytes;
    for (;;) {
        parley::error_code end;
        const auto size =
            co_await parley::async_receive(parent, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, end));
        if (end) co_return;
        co_await send(parent, asio::buffer(bytes, size));
    }
}
// [/answer]

parley::task<> ask(std::string how) {
    const auto io = co_await asio::this_coro::executor;
    auto [here, there] = parley::make_socket_pair<local>(io).value();
    const parley::command other{
        .program = "/proc/self/exe", .arguments = {"answer", how}, .descriptors = {{there.native_handle(), 3}}};
    parley::child child = parley::spawn(io, other).value();
    there.close();  // the child has the only one now

    constexpr int questions = 2000;
    std::array<char, 64> question{}, bytes;
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < questions; ++i) {
        co_await send(here, asio::buffer(question));
        for (asio::mutable_buffer rest = asio::buffer(bytes); rest.size() != 0;)
            rest += co_await parley::async_receive(here, rest);
    }
    const microseconds taken = std::chrono::steady_clock::now() - begun;
    std::cout << how << ": " << questions << " answers, " << taken.count() / questions << " us each" << std::endl;
    here.close();
    std::cout << "the child " << co_await child.async_wait() << std::endl;
}

// [run]
parley::application_options options(const std::string& how) {
    parley::application_options o;
    if (how == "polling") o.loop.busy_poll = 100us;
    return o;
}

int main(int count, char** words) {
    if (count == 3) return parley::run(answer(), options(words[2]));
    for (const std::string how : {"sleeping", "polling"})
        if (const int failed = parley::run(ask(how), options(how))) return failed;
    return 0;
}
// [/run]
