// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Looks for packets that crash the parsers of IP and ICMP headers, or lead them out of the packet.

#include <parley/net/raw.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace {

void check_within(std::span<const std::byte> part, std::span<const std::byte> whole) {
    if (part.size() > whole.size()) std::abort();
    if (!part.empty() && (part.data() < whole.data() || part.data() + part.size() > whole.data() + whole.size()))
        std::abort();
}

void check(parley::icmp_version version, std::span<const std::byte> message) {
    const auto echo = parley::parse_icmp_echo(version, message);
    if (!echo) return;
    check_within(echo->payload, message);
    const auto made = parley::make_icmp_echo(version, *echo);
    const auto again = parley::parse_icmp_echo(version, made);
    if (!again || again->reply != echo->reply || again->identifier != echo->identifier ||
        again->sequence != echo->sequence || !std::ranges::equal(again->payload, echo->payload))
        std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto packet = std::as_bytes(std::span(data, size));
    if (const auto payload = parley::ipv4_payload(packet)) {
        check_within(*payload, packet);
        check(parley::icmp_version::v4, *payload);
    }
    check(parley::icmp_version::v4, packet);
    check(parley::icmp_version::v6, packet);
    return 0;
}
