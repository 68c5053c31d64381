// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Options that several commands have, said once.
#pragma once

#include "options.hpp"

namespace parley::tool {

inline constexpr option_row protocol_option{.name = "protocol",
                                            .letter = 'p',
                                            .value = "PROTOCOL",
                                            .help = "json-rpc (the default), lsp, mcp, msgpack-rpc, neovim or varlink"};
inline constexpr option_row json_framing_option{
    .name = "framing",
    .letter = 'f',
    .value = "FRAMING",
    .help = "of JSON-RPC: lines (the default), content-length or\nlength-prefix"};
inline constexpr option_row message_framing_option{
    .name = "framing",
    .letter = 'f',
    .value = "FRAMING",
    .help = "of streams: lines (the default), length-prefix, varint,\ncontent-length, nul or msgpack"};
inline constexpr option_row deadline_option{
    .name = "deadline", .letter = 'd', .value = "TIME", .help = "how long all of it may take: 250ms, 2s, 5m"};
inline constexpr option_row quiet_option{.name = "quiet", .letter = 'q', .help = "do not say where it listens"};
inline constexpr option_row help_option{.name = "help", .letter = 'h', .help = "print this"};

}  // namespace parley::tool
