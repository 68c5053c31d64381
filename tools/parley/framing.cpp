// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "framing.hpp"

#include "failure.hpp"
#include "text.hpp"

#include <array>
#include <sstream>
#include <utility>

namespace parley::tool {
namespace {

constexpr std::array<std::string_view, 7> framings{"lines", "length-prefix", "varint",  "content-length",
                                                   "nul",   "msgpack",       "datagram"};
constexpr std::array<std::string_view, 6> protocols{"json-rpc", "lsp", "mcp", "msgpack-rpc", "neovim", "varlink"};
constexpr std::array<std::string_view, 3> json_framings{"lines", "content-length", "length-prefix"};
constexpr std::array<std::string_view, 3> forms{"text", "json", "hex"};

rpc::protocol with_options(const command_line& line, rpc::protocol protocol) {
    if (const auto chosen = line.choice("protocol", protocols))
        protocol = rpc::protocol::named(protocols[*chosen]).value();
    const auto framing = line.choice("framing", json_framings);
    if (!framing) return protocol;
    if (protocol.name() != "json-rpc")
        throw usage_error("--framing is for JSON-RPC: " + std::string(protocol.name()) + " has a framing of its own");
    constexpr std::array values{rpc::json_framing::lines, rpc::json_framing::content_length,
                                rpc::json_framing::length_prefix};
    return protocol.with_framing(values[*framing]);
}

}  // namespace

bool has_packets(const address& where) noexcept {
    switch (where.kind()) {
        case address_kind::unix_datagram:
        case address_kind::unix_seqpacket:
        case address_kind::udp:
        case address_kind::udp_multicast:
            return true;
        default:
            return false;
    }
}

any_framing framing_for(const command_line& line, const address& where) {
    const auto chosen = line.choice("framing", framings);
    if (has_packets(where)) {
        if (chosen && framings[*chosen] != "datagram")
            throw usage_error("--framing " + std::string(framings[*chosen]) + ": " +
                              std::string(to_string(where.kind())) + " has packets, which need none: leave it out");
        return datagram();
    }
    switch (chosen.value_or(0)) {
        case 1:
            return length_prefix();
        case 2:
            return varint();
        case 3:
            return content_length();
        case 4:
            return nul_terminated();
        case 5:
            return message_pack();
        case 6:
            throw usage_error("--framing datagram is for packets, " + std::string(to_string(where.kind())) +
                              " is a stream");
        default:
            return lines();
    }
}

address read_address(std::string_view text) {
    auto parsed = address::parse(text);
    if (!parsed) throw usage_error(parsed.error().context());
    return std::move(*parsed);
}

rpc::endpoint read_endpoint(const command_line& line, std::string_view text) {
    auto parsed = rpc::endpoint::parse(text);
    if (!parsed) throw usage_error(parsed.error().context());
    const auto& where = parsed->address;
    if (has_packets(where) && where.kind() != address_kind::unix_seqpacket)
        throw usage_error(to_string(where) + " has no connections: expected unix:, unix-seqpacket: or tcp:");
    parsed->protocol = with_options(line, std::move(parsed->protocol));
    return std::move(*parsed);
}

rpc::protocol read_protocol(const command_line& line) { return with_options(line, rpc::protocol()); }

std::string text_of(const rpc::endpoint& where) {
    std::ostringstream out;
    out << where;
    return out.str();
}

message_form output_form(const command_line& line) {
    return static_cast<message_form>(line.choice("output", forms).value_or(0));
}

std::string printed(std::string_view message, message_form form, bool terminal) {
    switch (form) {
        case message_form::json:
            return message_as_json(message);
        case message_form::hex:
            return to_hex(message);
        case message_form::text:
            break;
    }
    return terminal ? without_controls(message) : std::string(message);
}

}  // namespace parley::tool
