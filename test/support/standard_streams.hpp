// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Other standard streams for this process, for the length of a scope. What a test says meanwhile goes there too.
#pragma once

#include <parley/core/unique_fd.hpp>

#include <array>
#include <cstddef>
#include <cstdio>
#include <iostream>

#include <unistd.h>

namespace parley::test {

class standard_streams {
public:
    standard_streams(int in, int out, int err) {
        flush();
        const std::array<int, 3> wanted{in, out, err};
        for (std::size_t n = 0; n < 3; ++n) kept_[n] = unique_fd::duplicate(static_cast<int>(n)).value();
        for (std::size_t n = 0; n < 3; ++n) ::dup2(wanted[n], static_cast<int>(n));
    }
    standard_streams(const standard_streams&) = delete;
    standard_streams& operator=(const standard_streams&) = delete;
    ~standard_streams() {
        flush();
        for (std::size_t n = 0; n < 3; ++n) ::dup2(kept_[n].get(), static_cast<int>(n));
    }

private:
    static void flush() {
        std::cout.flush();
        std::cerr.flush();
        std::fflush(nullptr);
    }

    std::array<unique_fd, 3> kept_;
};

}  // namespace parley::test
