// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Users and groups of this machine by name.
#pragma once

#include <parley/core/error.hpp>

#include <string>

#include <sys/types.h>

namespace parley {

struct user_account {
    uid_t user;
    gid_t group;
};

/// Errors: `errc::unknown_user` with the name as context; those of getpwnam_r(3). Reads files and may ask a server.
result<user_account> find_user(const std::string& name);

/// The number of a user or group that is given by name or as a number. Errors: as above.
result<uid_t> user_number(const std::string& name);
result<gid_t> group_number(const std::string& name);

}  // namespace parley
