// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A framing of one's own: netstrings, https://cr.yp.to/proto/netstrings.txt. "5:hello," is the message "hello". A few
// pure functions make it a framer, and any channel speaks it.

#include <parley/loop/application.hpp>
#include <parley/message/channel.hpp>
#include <parley/message/framer.hpp>
#include <parley/net/local.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

namespace asio = parley::asio;

// [framer]
class netstrings {
public:
    parley::parsed_frame parse(std::string_view bytes, std::size_t) const noexcept {
        using parley::parsed_frame;
        std::size_t length = 0, at = 0;
        for (; at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '9'; ++at) {
            if (at == 1 && length == 0) return parsed_frame::failed(parley::errc::invalid_frame, 0, "a leading zero");
            length = length * 10 + static_cast<std::size_t>(bytes[at] - '0');
            if (length > limit())
                return parsed_frame::failed(parley::errc::limit_exceeded, at, "the length is too large");
        }
        if (at == bytes.size()) return parsed_frame::incomplete(at + 1);
        if (at == 0) return parsed_frame::failed(parley::errc::invalid_frame, at, "a digit was expected");
        if (bytes[at] != ':') return parsed_frame::failed(parley::errc::invalid_frame, at, "':' was expected");

        const std::size_t begin = at + 1, end = begin + length;
        if (bytes.size() <= end) return parsed_frame::incomplete(end + 1);
        if (bytes[end] != ',') return parsed_frame::failed(parley::errc::invalid_frame, end, "',' was expected");
        return parsed_frame::complete({.size = end + 1, .payload_at = begin, .payload_size = length});
    }

    // The stream has ended in the middle of a frame.
    parley::parsed_frame parse_end(std::string_view bytes) const noexcept {
        return parley::parsed_frame::failed(parley::errc::truncated_frame, bytes.size(), "the stream ends here");
    }

    parley::error_code enclose(std::string_view message, unsigned descriptors,
                               parley::frame_ends& ends) const noexcept {
        if (message.size() > limit()) return make_error_code(parley::errc::limit_exceeded);
        if (descriptors != 0) return make_error_code(parley::errc::too_many_descriptors);
        std::array<char, 20> digits;
        const auto end = std::to_chars(digits.begin(), digits.end(), message.size()).ptr;
        ends.clear();
        ends.append_head(std::string_view(digits.begin(), end));
        ends.append_head(':');
        ends.append_tail(',');
        return {};
    }

    std::size_t limit() const noexcept { return 100'000; }
    std::size_t overhead() const noexcept { return std::string_view("100000:,").size(); }
};
static_assert(parley::framer<netstrings>);
// [/framer]

// [use]
parley::task<> talk() {
    auto [left, right] =
        parley::make_socket_pair<asio::local::stream_protocol>(co_await asio::this_coro::executor).value();
    parley::channel messages(std::move(left), netstrings());
    for (const char* text : {"hello", "", "commas, too"}) co_await messages.async_send(text);
    co_await messages.async_end();

    // At the other end there is no channel: these are the bytes.
    std::string wire;
    parley::error_code end;
    co_await asio::async_read(right, asio::dynamic_buffer(wire), asio::redirect_error(asio::use_awaitable, end));
    std::cout << "on the wire: " << wire << std::endl;

    co_await asio::async_write(right, asio::buffer("8:good day,3:and more,", 22), asio::use_awaitable);
    for (;;) {
        const auto [failed, message] = co_await messages.async_receive(asio::as_tuple(asio::use_awaitable));
        if (failed || !message) break;
        std::cout << "received: " << *message << std::endl;
    }
    std::cout << "and then: " << messages.failure() << std::endl;
}
// [/use]

int main() { return parley::run(talk()); }
