// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Names that a peer chooses, in tables: a hash for which it cannot choose them so that they meet in one place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::rpc::detail {

/// SipHash-1-3 with a key that is new in each process. Source: Aumasson and Bernstein, "SipHash: a fast short-input
/// PRF", 2012.
std::uint64_t hash_of_name(std::string_view name) noexcept;

/// A table of the places of names that lie elsewhere, for up to 2^31 of them.
class name_table {
public:
    /// Forgets all; has room for `count`.
    void clear(std::size_t count) {
        std::size_t size = 16;
        while (size < 2 * count) size *= 2;
        slots_.assign(size, 0);
        used_ = 0;
    }
    std::size_t capacity() const noexcept { return slots_.size() / 2; }
    std::size_t size() const noexcept { return used_; }

    static constexpr std::size_t none = SIZE_MAX;

    /// The place of `name`, or `none`. `name_at(place)` is the name that lies there.
    template <typename NameAt>
    std::size_t find(std::string_view name, NameAt name_at) const {
        const auto slot = look(name, name_at);
        return slots_[slot] == 0 ? none : slots_[slot] - 1;
    }
    /// Adds `name`, which lies at `place`. Where it is there already: its place, and nothing changes; `none` otherwise.
    template <typename NameAt>
    std::size_t add(std::string_view name, std::size_t place, NameAt name_at) {
        const auto slot = look(name, name_at);
        if (slots_[slot] != 0) return slots_[slot] - 1;
        slots_[slot] = static_cast<std::uint32_t>(place + 1);
        ++used_;
        return none;
    }

private:
    template <typename NameAt>
    std::size_t look(std::string_view name, NameAt name_at) const {
        auto slot = hash_of_name(name) & (slots_.size() - 1);
        while (slots_[slot] != 0 && name_at(slots_[slot] - 1) != name) slot = (slot + 1) & (slots_.size() - 1);
        return slot;
    }

    std::vector<std::uint32_t> slots_{};  // a place and 1, or 0
    std::size_t used_ = 0;
};

}  // namespace parley::rpc::detail
