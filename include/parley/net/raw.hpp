// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Raw sockets for ICMP, and the messages on them: made and taken apart without a system call.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/core/unique_fd.hpp>
#include <parley/net/address.hpp>
#include <parley/net/protocol.hpp>

#include <boost/asio/ip/icmp.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace parley {
namespace detail {
PARLEY_EXPORT result<unique_fd> open_raw_socket(const address& a);
}

/// Opens a raw socket for `raw:icmp` or `raw:icmp6`, with the options of the address. It receives a copy of every such
/// message that reaches this machine, whoever it is for.
///
/// Errors, with the address: `operation_not_permitted` without the right CAP_NET_RAW; `errc::invalid_argument` for
/// another kind of address; others of socket(2) and setsockopt(2). Any thread. Source: raw(7), icmp(7).
[[nodiscard]] inline result<asio::ip::icmp::socket> open_raw_socket(const executor& io, const address& a) {
    auto opened = detail::open_raw_socket(a);
    if (!opened) return std::move(opened).error();
    asio::ip::icmp::socket socket(io);
    const int family = a.kind() == address_kind::raw_icmp6 ? AF_INET6 : AF_INET;
    if (const auto ec = detail::assign(socket, family, *opened)) return error(ec, to_string(a));
    return socket;
}

// The functions below are pure. Any thread.

/// The checksum of IP, ICMP, UDP and TCP: the ones' complement of the ones' complement sum of the bytes in pairs, in
/// the order of the host. Over a message that holds its right checksum it is 0. Source: RFC 1071.
[[nodiscard]] PARLEY_EXPORT std::uint16_t internet_checksum(std::span<const std::byte> bytes) noexcept;

/// What an IPv4 packet carries: `packet` without its header. Empty where it is no IPv4 packet, or where its lengths
/// cannot be: a raw IPv4 socket receives packets with their headers, a raw IPv6 socket without. Bytes behind the length
/// in the header are left out. Source: RFC 791.
[[nodiscard]] PARLEY_EXPORT std::optional<std::span<const std::byte>> ipv4_payload(
    std::span<const std::byte> packet) noexcept;

enum class icmp_version : std::uint8_t { v4, v6 };

/// Whether somebody is there, and the answer to it.
struct icmp_echo {
    bool reply = false;                    ///< else a request
    std::uint16_t identifier = 0;          ///< whose it is among those who ask from this machine
    std::uint16_t sequence = 0;            ///<
    std::span<const std::byte> payload{};  ///< comes back as it went; lent
};

/// The bytes of an echo message. The checksum is set for ICMP; for ICMPv6 the kernel sets it, on every raw socket.
/// Source: RFC 792, RFC 4443 (section 4), RFC 3542 (section 3.1).
[[nodiscard]] PARLEY_EXPORT std::vector<std::byte> make_icmp_echo(icmp_version version, const icmp_echo& echo);

/// The echo message in `message`, which begins with the ICMP header: see `ipv4_payload`. Empty for any other message,
/// and for ICMP with a wrong checksum; that of ICMPv6 the kernel has checked. The payload points into `message`.
[[nodiscard]] PARLEY_EXPORT std::optional<icmp_echo> parse_icmp_echo(icmp_version version,
                                                                     std::span<const std::byte> message) noexcept;

}  // namespace parley
