// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Channels over UNIX stream sockets, and their bare other ends.
#pragma once

#include "socket_tools.hpp"

#include <parley/message/channel.hpp>
#include <parley/message/length_prefix.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::test {

using local_channel = channel<local_stream::socket, length_prefix>;

/// What a receive has ended with, kept.
struct received {
    error_code ec{};
    std::optional<std::string> message{};
    int count = 0;

    bool is(std::string_view text) const { return count == 1 && !ec && message == text; }
    bool is_end() const { return count == 1 && !ec && !message; }
    auto handler() {
        return [this](error_code e, std::optional<std::string_view> m) {
            ec = e, ++count;
            message = m ? std::optional<std::string>(*m) : std::nullopt;
        };
    }
};

/// What a send and others without a result have ended with.
struct done {
    error_code ec{};
    int count = 0;
    auto handler() {
        return [this](error_code e) { ec = e, ++count; };
    }
};

struct channel_fixture : socket_fixture {
    template <typename Framer = length_prefix>
    channel<local_stream::socket, Framer> make(local_stream::socket socket, channel_options options = {},
                                               Framer framing = Framer()) {
        return channel<local_stream::socket, Framer>(std::move(socket), std::move(framing), options);
    }
    /// Two channels that are connected to each other.
    std::pair<local_channel, local_channel> make_channels(channel_options here = {}, channel_options there = {}) {
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        return {make(std::move(a), here), make(std::move(b), there)};
    }

    received receive_from(any_channel& c) {
        received result;
        c.async_receive(result.handler());
        run_until(io, [&] { return result.count != 0; });
        return result;
    }
    error_code send_to(any_channel& c, std::string_view message) {
        done result;
        c.async_send(message, result.handler());
        run_until(io, [&] { return result.count != 0; });
        return result.ec;
    }
    error_code shut_down(any_channel& c) {
        done result;
        c.async_shutdown(result.handler());
        run_until(io, [&] { return result.count != 0; });
        return result.ec;
    }
};

inline std::string framed(std::string_view payload) {
    frame_ends ends;
    (void)length_prefix().enclose(payload, 0, ends);
    return std::string(ends.head()) + std::string(payload);
}

/// Makes the kernel's buffer of a socket hold little.
inline void make_small(local_stream::socket& socket) { socket.set_option(asio::socket_base::send_buffer_size(4096)); }

/// All that comes on `c` until the end.
inline std::vector<std::string> all_of(asio::io_context& io, any_channel& c) {
    return run_task(io, [](any_channel& from) -> task<std::vector<std::string>> {
        std::vector<std::string> all;
        while (const auto m = co_await from.async_receive()) all.emplace_back(*m);
        co_return all;
    }(c));
}

/// A message with a number, long or short, whose bytes say whether they are whole.
inline std::string numbered(std::size_t number, std::size_t size) {
    std::string text = std::to_string(number) + ":";
    while (text.size() < size) text += static_cast<char>('a' + (number + text.size()) % 26);
    return text;
}
inline bool is_numbered(std::string_view message, std::size_t number) {
    return message == numbered(number, message.size());
}

/// `n` messages of many sizes go to `to`, which sends each back.
inline void check_echo(asio::io_context& io, any_channel& from, any_channel& to, std::size_t n, std::size_t step) {
    run_task(io, [](any_channel& a, any_channel& b, std::size_t all, std::size_t grow) -> task<> {
        using namespace asio::experimental::awaitable_operators;
        const auto ask = [](any_channel& c, std::size_t many, std::size_t by) -> task<> {
            for (std::size_t i = 0; i < many; ++i) co_await c.async_send(numbered(i, 1 + i * by));
        };
        const auto echo = [](any_channel& c, std::size_t many) -> task<> {
            for (std::size_t i = 0; i < many; ++i) {
                const auto m = co_await c.async_receive();
                BOOST_TEST_REQUIRE(m.has_value());
                co_await c.async_send(*m);
            }
        };
        const auto check = [](any_channel& c, std::size_t many) -> task<> {
            for (std::size_t i = 0; i < many; ++i) {
                const auto m = co_await c.async_receive();
                BOOST_TEST_REQUIRE(m.has_value());
                BOOST_TEST_REQUIRE(is_numbered(*m, i));
            }
        };
        co_await (ask(a, all, grow) && echo(b, all) && check(a, all));
    }(from, to, n, step));
}

/// Sends messages of 50 bytes, with their numbers, until there is no room for one more; gives how many.
inline std::size_t fill(any_channel& c) {
    std::size_t n = 0;
    while (c.try_send(numbered(n, 50))) ++n;
    return n;
}

/// Shuts `from` down; messages 0 to `n - 1`, and no other, have come to `to`.
inline void check_numbered_until_end(asio::io_context& io, any_channel& from, any_channel& to, std::size_t n) {
    done closed;
    from.async_shutdown(closed.handler());
    const auto got = all_of(io, to);
    BOOST_TEST(got.size() == n);
    for (std::size_t i = 0; i < got.size(); ++i) BOOST_TEST(is_numbered(got[i], i));
    run_until(io, [&] { return closed.count == 1; });
}

}  // namespace parley::test
