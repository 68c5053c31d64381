// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Looks for a text that crashes the parser of addresses, or for which something does not hold that holds for all.

#include "address_promises.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto broken = parley::test::broken_promise(text);
    if (!broken.empty()) {
        std::fprintf(stderr, "%s\n", broken.c_str());
        std::abort();
    }
    return 0;
}
