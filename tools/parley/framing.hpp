// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How messages are divided, by name.
#pragma once

#include "options.hpp"

#include <parley/message/any_channel.hpp>
#include <parley/message/content_length.hpp>
#include <parley/message/datagram.hpp>
#include <parley/message/length_prefix.hpp>
#include <parley/message/lines.hpp>
#include <parley/message/message_pack.hpp>
#include <parley/message/nul_terminated.hpp>
#include <parley/message/varint.hpp>
#include <parley/net/address.hpp>
#include <parley/rpc/connect.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace parley::tool {

using any_framing = std::variant<lines, length_prefix, varint, content_length, nul_terminated, message_pack, datagram>;

/// That of --framing; without it lines, or packets where the address has them. Throws `usage_error` for one that the
/// address does not have.
any_framing framing_for(const command_line& line, const address& where);

/// True where each message is a packet.
bool has_packets(const address& where) noexcept;

/// Throws `usage_error` with the place.
address read_address(std::string_view text);

/// The address with its protocol; --protocol and --framing go before what the address says. Throws `usage_error`.
rpc::endpoint read_endpoint(const command_line& line, std::string_view text);
/// The same without an address, for standard streams.
rpc::protocol read_protocol(const command_line& line);
/// As `endpoint::parse` takes it.
std::string text_of(const rpc::endpoint& where);

/// How messages are printed and written.
enum class message_form : unsigned char { text, json, hex };

/// That of --output.
message_form output_form(const command_line& line);
/// `message` for one line of output. Text for a terminal has no control characters.
std::string printed(std::string_view message, message_form form, bool terminal);

}  // namespace parley::tool
