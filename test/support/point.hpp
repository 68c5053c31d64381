// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A described struct to send about.
#pragma once

#include <boost/describe/class.hpp>

#include <optional>
#include <string>

namespace parley::test {

struct point {
    int x = 0;
    int y = 0;
    std::optional<std::string> label{};
    bool operator==(const point&) const = default;
};
BOOST_DESCRIBE_STRUCT(point, (), (x, y, label))

}  // namespace parley::test
