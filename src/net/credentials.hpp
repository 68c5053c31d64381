// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What can be believed of the numbers that the kernel gives for a process.
#pragma once

#include <parley/net/peer.hpp>

#include <sys/socket.h>

namespace parley::detail {

/// Stands for a user or group that has no number here (/proc/sys/kernel/overflowuid).
inline constexpr id_t overflow_id = 65534;

/// Without what is unknown: pid 0, user and group 65534, and -1, which is nobody. The supplementary groups stay empty.
inline peer_credentials known_of(const ucred& told) {
    constexpr auto none = static_cast<id_t>(-1);
    peer_credentials who;
    if (told.pid > 0) who.pid = told.pid;
    if (told.uid != overflow_id && told.uid != none) who.user = told.uid;
    if (told.gid != overflow_id && told.gid != none) who.group = told.gid;
    return who;
}

}  // namespace parley::detail
