// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Whether a signal can only be taken by those who ask for it.
#pragma once

#include <parley/signal/signal_mask.hpp>

namespace parley::detail {

/// True when every thread of this process blocks every signal of `signals`. False, too, where /proc cannot tell.
bool blocked_everywhere(const signal_mask& signals) noexcept;

}  // namespace parley::detail
