// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The options of addresses: one table says what each is called, where it is kept, and which kinds have it.
#pragma once

#include <parley/net/address.hpp>

#include "net/address_syntax.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace parley::detail {

/// Whose options they are.
struct option_holder {
    address_kind kind;
    bool abstract;
};

/// Reads "mode=0660&backlog=64", all of it, into `options`, which may hold the interface already.
std::optional<flaw> parse_options(std::string_view text, const option_holder& holder, address_options& options);

/// What is wrong with options that were not parsed.
std::optional<std::string> check_options(const address_options& options, const option_holder& holder);

/// "?mode=0660&backlog=64"; empty without options. Without the interface of a multicast group, whose place is
/// elsewhere.
std::string print_options(const address_options& options, const option_holder& holder);

}  // namespace parley::detail
