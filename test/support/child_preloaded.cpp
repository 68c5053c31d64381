// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A library that says so when LD_PRELOAD has brought it into a program.

#include <unistd.h>

namespace {

[[gnu::constructor]] void speak() {
    if (::write(1, "preloaded\n", 10) != 10) ::_exit(99);
}

}  // namespace
