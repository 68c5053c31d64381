// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What holds for every text, whether it is an address or not: for the test with random texts and for the fuzzer.
#pragma once

#include <parley/net/address.hpp>
#include <parley/net/address_endpoint.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace parley::test {

/// The byte that the context of an error points at; -1 when it points at none.
inline long flawed_byte(const error& e) {
    constexpr std::string_view begin = "address '", mark = "', byte ";  // no quote is left within the quotes
    const auto& context = e.context();
    const auto at = context.find(mark, begin.size());
    if (at == std::string::npos) return -1;
    long byte = -1;
    std::from_chars(context.data() + at + mark.size(), context.data() + context.size(), byte);
    return byte;
}

/// The same address made of its parts.
inline result<address> remake(const address& a) {
    const std::string host = a.zone().empty() ? a.host() : a.host() + "%" + a.zone();
    switch (a.kind()) {
        case address_kind::unix_stream:
            return a.is_abstract() ? address::abstract_stream(a.path(), a.options())
                                   : address::unix_stream(a.path(), a.options());
        case address_kind::unix_datagram:
            return a.is_abstract() ? address::abstract_datagram(a.path(), a.options())
                                   : address::unix_datagram(a.path(), a.options());
        case address_kind::unix_seqpacket:
            return a.is_abstract() ? address::abstract_seqpacket(a.path(), a.options())
                                   : address::unix_seqpacket(a.path(), a.options());
        case address_kind::tcp:
            return address::tcp(host, a.port(), a.options());
        case address_kind::udp:
            return address::udp(host, a.port(), a.options());
        case address_kind::udp_multicast:
            return address::udp_multicast(host, a.port(), a.options());
        case address_kind::raw_icmp:
            return address::raw_icmp(a.options());
        case address_kind::raw_icmp6:
            return address::raw_icmp6(a.options());
        case address_kind::descriptor:
            return address::descriptor(a.fd());
        case address_kind::systemd:
            return address::systemd(a.systemd_name());
    }
    return error(errc::invalid_address, "no such kind");
}

/// The first promise that is broken for `text`; empty when all hold.
inline std::string broken_promise(std::string_view text) {
    const auto a = address::parse(text);
    if (!a) {
        const error& e = a.error();
        if (e.code() != errc::invalid_address) return "another error: " + e.message();
        if (!e.context().starts_with("address '")) return "the context does not begin with the address: " + e.context();
        const auto byte = flawed_byte(e);
        if (byte < 0 || static_cast<std::size_t>(byte) > text.size()) return "not a place in the text: " + e.context();
        if (e.context().size() > 400) return "a long context";
        return {};
    }
    const std::string printed = to_string(*a);
    if (!std::ranges::all_of(printed, [](char c) { return c > 0x20 && c < 0x7f; })) return "prints odd characters";
    const auto again = address::parse(printed);
    if (!again) return "does not parse what was printed: " + again.error().message();
    if (*again != *a) return "another address from what was printed: " + printed;
    if (to_string(*again) != printed) return "prints another text the second time: " + printed;
    if (std::hash<address>{}(*again) != std::hash<address>{}(*a)) return "another hash: " + printed;
    const auto remade = remake(*a);
    if (!remade) return "not to be made of its parts: " + remade.error().message();
    if (*remade != *a) return "another address from the same parts: " + printed;
    if (a->is_unix() && (a->path().empty() || a->path().size() > 107)) return "a path of a wrong size: " + printed;
    if (a->is_unix() && !to_socket_address(*a)) return "no address of the kernel's: " + printed;
    return {};
}

}  // namespace parley::test
