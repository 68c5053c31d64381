// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How types of C++ become values of a message, and back.
#pragma once

#include <parley/rpc/codec_base.hpp>
#include <parley/rpc/codec_containers.hpp>
#include <parley/rpc/codec_described.hpp>

#include <map>
#include <string>
#include <type_traits>
#include <unordered_map>

namespace parley::rpc {
namespace detail {

/// Types that a map of arguments by name as a whole can become.
template <typename T>
inline constexpr bool is_map_like = described_struct<T> || std::is_same_v<T, value> || std::is_same_v<T, object>;
template <typename T, typename... More>
inline constexpr bool is_map_like<std::map<std::string, T, More...>> = true;
template <typename T, typename... More>
inline constexpr bool is_map_like<std::unordered_map<std::string, T, More...>> = true;

}  // namespace detail
}  // namespace parley::rpc
