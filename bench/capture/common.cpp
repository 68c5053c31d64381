// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"

namespace capturing {

child_command child_of(const bench::run& r) {
    return {
        bench::own_path(), {"capture", "--child", std::to_string(r["mib"])}, static_cast<std::size_t>(r["mib"]) << 20};
}

}  // namespace capturing
