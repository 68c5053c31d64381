// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/raw.hpp>

#include "net/open_socket.hpp"

#include <algorithm>

namespace parley {
namespace {

constexpr std::size_t echo_header = 8;
constexpr std::size_t smallest_ipv4_header = 20;

struct echo_types {
    std::uint8_t request;
    std::uint8_t reply;
};

constexpr echo_types types_of(icmp_version version) noexcept {
    return version == icmp_version::v4 ? echo_types{8, 0} : echo_types{128, 129};
}

std::uint16_t number_at(std::span<const std::byte> bytes, std::size_t at) noexcept {
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[at]) << 8 |
                                      std::to_integer<unsigned>(bytes[at + 1]));
}

void put(std::span<std::byte> bytes, std::size_t at, std::uint16_t number) noexcept {
    bytes[at] = static_cast<std::byte>(number >> 8);
    bytes[at + 1] = static_cast<std::byte>(number & 0xff);
}

}  // namespace

result<unique_fd> detail::open_raw_socket(const address& a) {
    if (a.kind() != address_kind::raw_icmp && a.kind() != address_kind::raw_icmp6) return wrong_protocol(a);
    const auto type = socket_type_for(a, a.kind() == address_kind::raw_icmp6 ? AF_INET6 : AF_INET);
    return open_socket(a, type);
}

std::uint16_t internet_checksum(std::span<const std::byte> bytes) noexcept {
    std::uint64_t sum = 0;
    std::size_t at = 0;
    for (; at + 1 < bytes.size(); at += 2) sum += number_at(bytes, at);
    if (at < bytes.size()) sum += std::to_integer<unsigned>(bytes[at]) << 8;  // as if a zero followed
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

std::optional<std::span<const std::byte>> ipv4_payload(std::span<const std::byte> packet) noexcept {
    if (packet.size() < smallest_ipv4_header) return std::nullopt;
    const auto first = std::to_integer<unsigned>(packet[0]);
    const std::size_t header = (first & 0x0f) * 4, total = number_at(packet, 2);
    if (first >> 4 != 4 || header < smallest_ipv4_header || header > total || total > packet.size())
        return std::nullopt;
    return packet.subspan(header, total - header);
}

std::vector<std::byte> make_icmp_echo(icmp_version version, const icmp_echo& echo) {
    std::vector<std::byte> message(echo_header + echo.payload.size());
    const auto types = types_of(version);
    message[0] = static_cast<std::byte>(echo.reply ? types.reply : types.request);
    put(message, 4, echo.identifier);
    put(message, 6, echo.sequence);
    std::ranges::copy(echo.payload, message.begin() + echo_header);
    if (version == icmp_version::v4) put(message, 2, internet_checksum(message));
    return message;
}

std::optional<icmp_echo> parse_icmp_echo(icmp_version version, std::span<const std::byte> message) noexcept {
    if (message.size() < echo_header) return std::nullopt;
    const auto types = types_of(version);
    const auto type = std::to_integer<std::uint8_t>(message[0]);
    if ((type != types.request && type != types.reply) || message[1] != std::byte{0}) return std::nullopt;
    if (version == icmp_version::v4 && internet_checksum(message) != 0) return std::nullopt;
    return icmp_echo{type == types.reply, number_at(message, 4), number_at(message, 6), message.subspan(echo_header)};
}

}  // namespace parley
