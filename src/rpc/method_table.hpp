// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The functions of a router.
#pragma once

#include <parley/rpc/handler.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace parley::rpc::detail {

struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};

struct method_table {
    std::unordered_map<std::string, std::shared_ptr<method_base>, text_hash, std::equal_to<>> methods{};
    std::shared_ptr<method_base> fallback{};
    // What the service tells of itself, where it does: kept apart, it does not describe itself.
    std::shared_ptr<method_table> descriptions{};
    std::string title{};
    std::string version{};

    std::shared_ptr<method_base> find(std::string_view method) const {
        if (const auto it = methods.find(method); it != methods.end()) return it->second;
        if (descriptions) {
            if (auto found = descriptions->find(method)) return found;
        }
        return fallback;
    }
};

}  // namespace parley::rpc::detail
