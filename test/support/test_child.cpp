// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "test_child.hpp"

namespace parley::test {

std::string test_child() { return PARLEY_TEST_CHILD; }

}  // namespace parley::test
