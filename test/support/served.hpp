// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A server with one task for each connection, as programs have it, whose clients say what they want of it.
#pragma once

#include "group_tasks.hpp"
#include "net_tools.hpp"

#include <parley/loop/task_group.hpp>

#include <boost/asio/redirect_error.hpp>

#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace parley::test {

using any_stream = asio::generic::stream_protocol::socket;

/// How sessions have ended.
using endings = std::vector<error_code>;

/// What a client wants, its first byte: to have all sent back; to be answered once it has said all; to be flooded; to
/// be told something and then heard; to be spoken to after its end.
enum wish : char { to_echo = 'e', to_answer = 'a', to_flood = 'f', to_greet = 'g', to_speak_late = 'l' };

/// `with_task_group`, for lambdas of test cases over data: those are templates, whose types GCC 12 will not have here.
inline task<> in_a_group(std::function<task<>(task_group&)> body) { co_await with_task_group(std::move(body)); }

/// Waits until `done()`; the guard of the test is its deadline.
inline task<> until(std::function<bool()> done) {
    while (!done()) co_await pause();
}

namespace detail_of_served {

/// Reads to the end and gives what came; the end itself, or what was in its place, goes into `ended`.
inline task<std::string> all_of(any_stream& s, error_code& ended) {
    std::string all;
    co_await asio::async_read(s, asio::dynamic_buffer(all), asio::redirect_error(asio::use_awaitable, ended));
    co_return all;
}

/// Writes until it fails.
inline task<> write_for_ever(any_stream& s, error_code& ended) {
    const std::string block(65536, 'x');
    while (!ended) co_await asio::async_write(s, asio::buffer(block), asio::redirect_error(asio::use_awaitable, ended));
}

inline task<> echo(any_stream& s, error_code& ended) {
    std::array<char, 4096> block;
    for (;;) {
        const auto n =
            co_await s.async_read_some(asio::buffer(block), asio::redirect_error(asio::use_awaitable, ended));
        if (ended) co_return;
        co_await asio::async_write(s, asio::buffer(block, n), asio::redirect_error(asio::use_awaitable, ended));
        if (ended) co_return;
    }
}

}  // namespace detail_of_served

inline task<> session(any_stream s, endings& told) {
    using namespace detail_of_served;
    error_code ended;
    char wanted = 0;
    co_await asio::async_read(s, asio::buffer(&wanted, 1), asio::redirect_error(asio::use_awaitable, ended));
    if (ended) {
    } else if (wanted == to_echo) {
        co_await echo(s, ended);
    } else if (wanted == to_answer) {
        const auto all = co_await all_of(s, ended);
        const auto answer = std::to_string(all.size()) + " bytes";
        if (ended == asio::error::eof) co_await asio::async_write(s, asio::buffer(answer), asio::use_awaitable);
    } else if (wanted == to_flood) {
        co_await write_for_ever(s, ended);
    } else if (wanted == to_greet) {
        co_await asio::async_write(s, asio::buffer("hello", 5), asio::use_awaitable);
        co_await all_of(s, ended);
    } else if (wanted == to_speak_late) {
        co_await all_of(s, ended);
        if (ended == asio::error::eof) {
            ended = {};
            co_await write_for_ever(s, ended);
        }
    }
    told.push_back(ended);
}

/// Accepts for ever. A session that throws would end all: none may.
inline task<> serve(listener& server, endings& told) {
    co_await with_task_group([&](task_group& sessions) -> task<> {
        for (;;) {
            any_stream s = co_await server.async_accept(asio::use_awaitable);
            sessions.spawn(session(std::move(s), told));
        }
    });
}

/// A new connection whose wish is said.
inline task<any_stream> client_of(address where, wish wanted) {
    any_stream s = co_await async_connect(co_await asio::this_coro::executor, where, asio::use_awaitable);
    const char said = wanted;
    co_await asio::async_write(s, asio::buffer(&said, 1), asio::use_awaitable);
    co_return s;
}

/// Whether `text` comes back from a session that echoes.
inline task<bool> is_echoed(any_stream& s, std::string text) {
    std::string back(text.size(), '\0');
    co_await asio::async_write(s, asio::buffer(text), asio::use_awaitable);
    co_await asio::async_read(s, asio::buffer(back), asio::use_awaitable);
    co_return back == text;
}

}  // namespace parley::test
