// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// When a loop that looks for things itself lets its context run what else is ready.
#pragma once

#include <algorithm>
#include <cstddef>

namespace parley::detail {

/// After a look the context has a turn: when nothing comes behind something that has come, since that may have left it
/// something to do; each time, while it has something to do; and else at least after sixteen looks.
///
/// Pure.
class turn_schedule {
public:
    static constexpr unsigned most_looks = 16;

    /// A look has brought `come` things. True: now.
    bool looked(std::size_t come) noexcept {
        const bool quiet = come == 0 && came_;
        came_ = come != 0;
        return ++looks_ >= looks_per_turn_ || quiet;
    }
    /// It had a turn, in which `ran` handlers ran.
    void had_turn(std::size_t ran) noexcept {
        looks_ = 0;
        looks_per_turn_ = ran != 0 ? 1 : std::min(looks_per_turn_ * 2, most_looks);
    }

private:
    unsigned looks_ = 0;  // since the last turn
    unsigned looks_per_turn_ = 1;
    bool came_ = false;
};

}  // namespace parley::detail
