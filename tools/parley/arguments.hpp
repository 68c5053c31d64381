// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Arguments of a call, from the command line.
#pragma once

#include <parley/rpc/value.hpp>

#include <span>
#include <string_view>

namespace parley::tool {

/// The arguments of a call: by name, or by place.
struct call_arguments {
    bool by_name = false;
    rpc::object named{};
    rpc::array placed{};
};

/// Each word is JSON, or name=JSON (name:=JSON is the same): one or the other for all of them. `text_too`: what is no
/// JSON and does not begin like some ({, [, ") is text. Throws `usage_error`.
call_arguments read_arguments(std::span<const std::string_view> words, bool text_too);

/// All arguments as one JSON text: an array, or an object by name. Throws `usage_error`.
call_arguments read_all_arguments(std::string_view json);

}  // namespace parley::tool
