// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The pieces that addresses are made of: each function looks at one and says what is wrong with it, and where.
#pragma once

#include "core/nearest.hpp"

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace parley::detail {

/// What is wrong, and at which byte, counted from 0. Offsets are those of the text that the function was given.
struct flaw {
    flaw() = default;  // none; boost::system::result asks for it
    flaw(std::size_t where, std::string text) : at(where), what(std::move(text)) {}

    std::size_t at = 0;
    std::string what;
};

template <typename T>
using checked = boost::system::result<T, flaw>;

/// The longest path, and the longest abstract name: sun_path has 108 bytes, and one is a NUL in both cases.
constexpr std::size_t longest_path = 107;

/// `text` in single quotes for a message: what is not visible ASCII, or a quote or backslash, as \xNN, and only the
/// beginning of a long one.
std::string quote(std::string_view text);
/// One byte for a message: 'x' or byte 0x0a.
std::string quote_byte(char c);

/// Writes what is not a visible ASCII character, and '%', '?', '&' and '=', as %NN.
std::string encode(std::string_view bytes);
/// The bytes for which `text` stands. What is in `reserved` must have been written as %NN.
checked<std::string> decode(std::string_view text, std::string_view reserved);
/// Where in `text`, which decodes, the decoded byte `index` begins; the end of `text` when there are not so many.
std::size_t encoded_offset(std::string_view text, std::size_t index) noexcept;

/// A number of digits only; `what` names it in messages: "port".
checked<std::uint64_t> parse_number(std::string_view text, std::string_view what, std::uint64_t low, std::uint64_t high,
                                    unsigned base = 10);
/// The same for a number that is there already.
std::optional<flaw> check_number(std::uint64_t value, std::string_view what, std::uint64_t low, std::uint64_t high,
                                 unsigned base = 10);
/// Base 8 or 10; octal numbers with a leading 0.
std::string write_number(std::uint64_t value, unsigned base);

std::optional<flaw> check_path(std::string_view path);
std::optional<flaw> check_abstract_name(std::string_view name);
std::optional<flaw> check_systemd_name(std::string_view name);
/// The name of an interface, or its number.
std::optional<flaw> check_interface(std::string_view name);
/// The name of a user or group, or its number.
std::optional<flaw> check_owner(std::string_view name);

/// A host in the one form that is kept.
struct host_parts {
    std::string host;
    std::string zone;
    bool numeric;
    bool multicast;
};

/// A name or an IPv4 address.
checked<host_parts> parse_host(std::string_view text);
/// An IPv6 address, without brackets, perhaps with a zone.
checked<host_parts> parse_ipv6(std::string_view text);

}  // namespace parley::detail
