// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Messages that are packets: the socket keeps their borders.
#pragma once

#include <parley/message/framer.hpp>

namespace parley {

/// One packet, one message: nothing is added. For SEQPACKET and datagram sockets. Descriptors that come with a packet
/// are for whoever receives it to count.
class datagram {
public:
    /// Tells a channel that it needs a socket with packets.
    static constexpr bool keeps_packets = true;
    /// Above what UNIX sockets send where nobody has raised their buffers, and above all of UDP.
    static constexpr std::size_t default_limit = std::size_t{256} << 10;

    constexpr explicit datagram(std::size_t limit = default_limit) noexcept : limit_(limit) {}

    parsed_frame parse(std::string_view bytes, std::size_t) const noexcept {
        if (bytes.size() > limit_) return parsed_frame::failed(errc::limit_exceeded, limit_, "the packet is too large");
        return parsed_frame::complete({bytes.size(), 0, bytes.size(), 0});
    }
    parsed_frame parse_end(std::string_view bytes) const noexcept { return detail::truncated(bytes); }
    error_code enclose(std::string_view payload, unsigned, frame_ends& ends) const noexcept {
        ends.clear();
        return payload.size() > limit_ ? make_error_code(errc::limit_exceeded) : error_code();
    }

    std::size_t limit() const noexcept { return limit_; }
    std::size_t overhead() const noexcept { return 0; }

private:
    std::size_t limit_;
};

}  // namespace parley
