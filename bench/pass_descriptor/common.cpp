// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"

#include <fcntl.h>

namespace passing {

int open_something() { return bench::check(::open("/dev/null", O_RDWR | O_CLOEXEC), "open /dev/null"); }

}  // namespace passing
