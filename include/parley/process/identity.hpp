// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Who a child is: user, group and supplementary groups.
#pragma once

#include <parley/core/error.hpp>
#include <parley/core/export.hpp>

#include <string>
#include <vector>

#include <sys/types.h>

namespace parley {

/// The user and the groups a child runs as. All three are set, in the one order that works: groups, group, user.
struct identity {
    uid_t user;
    gid_t group;
    /// Supplementary groups; empty: none, whatever the parent has.
    std::vector<gid_t> groups{};

    friend bool operator==(const identity&, const identity&) = default;
};

/// The identity that the system's user database gives to `user`, as login(1) would: its uid, its group, every group
/// that lists it. Blocks for as long as the name service does (a file, or a directory on the network): call it before
/// the loop runs. Errors: `errc::unknown_user`, those of the name service. Source: getpwnam_r(3), getgrouplist(3).
[[nodiscard]] PARLEY_EXPORT result<identity> find_identity(const std::string& user);

}  // namespace parley
