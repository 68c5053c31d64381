// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Listeners of channels, and peers that send parts of messages to them.
#pragma once

#include "channel_tools.hpp"
#include "net_tools.hpp"

#include <parley/message/channel_listener.hpp>
#include <parley/message/length_prefix.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::test {

inline constexpr std::size_t mebi = std::size_t{1} << 20;
/// How the room of a channel grows.
inline constexpr std::size_t room_step = std::size_t{64} << 10;

inline std::string header_of(std::size_t size, unsigned descriptors) {
    const auto n = static_cast<std::uint32_t>(size);
    return {static_cast<char>(n),
            static_cast<char>(n >> 8),
            static_cast<char>(n >> 16),
            static_cast<char>(n >> 24),
            1,
            0,
            static_cast<char>(descriptors),
            0};
}

// A connection to a listener: the channel there, with one receive under way, and a bare socket here.
struct session {
    any_channel channel;
    local_stream::socket peer;
    received got{};
    std::string unsent{};
    std::vector<unique_fd> taken{};
};

struct held_fixture : net_fixture {
    std::deque<session> sessions{};

    template <typename Framer = length_prefix>
    channel_listener listening(listen_channel_options options, Framer framing = Framer()) {
        return listen_channels(io.get_executor(), local(), std::move(framing), options).value();
    }
    session& connect_to(channel_listener& server) {
        auto both = run([](channel_listener& s, address where) -> task<std::pair<any_channel, local_stream::socket>> {
            auto peer = co_await async_connect<local_stream>(s.get_executor(), where);
            auto there = co_await s.async_accept();
            co_return std::pair(std::move(there), std::move(peer));
        }(server, local()));
        auto& s = sessions.emplace_back(session{std::move(both.first), std::move(both.second)});
        s.peer.non_blocking(true);
        s.channel.async_receive(s.got.handler());
        return s;
    }
    // As much of what is unsent as the kernel takes.
    void send_some(session& s) {
        while (!s.unsent.empty()) {
            error_code ec;
            const auto n = s.peer.write_some(asio::buffer(s.unsent), ec);
            if (n == 0) return;
            s.unsent.erase(0, n);
        }
    }
    // Turns of the loop in which all send what they can, until the condition holds.
    void run_while_all_send(const std::function<bool()>& until) {
        run_until(io, [&] {
            for (auto& s : sessions) send_some(s);
            return until();
        });
    }
    void send_some_for(int turns) {
        for (int i = 0; i < turns; ++i) {
            for (auto& s : sessions) send_some(s);
            run_ready(io);
        }
    }
    void send_with(session& s, std::string_view bytes, int fd, std::size_t n) {
        const auto numbers = repeated(fd, n);
        BOOST_TEST_REQUIRE(try_send_with_fds(s.peer, asio::buffer(bytes), numbers).value().value() == bytes.size());
    }
};

}  // namespace parley::test
