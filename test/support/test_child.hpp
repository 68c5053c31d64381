// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <string>

namespace parley::test {

/// The path of the helper program, whose modes are the children of the tests. A function, so that no other object file
/// contains the path of the build tree, and the compiler cache serves all checkouts.
std::string test_child();

}  // namespace parley::test
