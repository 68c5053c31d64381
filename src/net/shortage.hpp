// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What goes on for some time is said once.
#pragma once

#include <parley/core/asio.hpp>

#include <chrono>
#include <mutex>

namespace parley::detail {

/// A time in which the same thing fails again and again. It is over when nothing has failed for a second, or for ten
/// pauses where those take longer. Any thread.
class episode {
public:
    /// Notes a failure behind which comes a pause of this length. Whether it is the first one of an episode.
    bool begins(std::chrono::milliseconds pause);

private:
    using clock = std::chrono::steady_clock;

    std::mutex mutex_{};
    bool any_ = false;
    clock::time_point over_at_{};
};

/// The lack of descriptors or memory for connections, which the accepts of all listeners of a context share.
episode& shortage_of(const executor& io);

}  // namespace parley::detail
