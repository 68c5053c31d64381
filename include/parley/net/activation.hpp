// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Sockets that whoever started this program had opened for it: systemd, or a parent that does the same.
#pragma once

#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/core/unique_fd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace parley {

/// The names of the sockets that were handed to this program and that nobody has taken yet, in order; "unknown" where
/// none was given, and the same name as often as there are sockets of it. Empty when none were handed to this process.
///
/// The first call of a function of this header takes over all of them: descriptors 3 and up, as many as LISTEN_FDS
/// says, where LISTEN_PID is this process; they become close-on-exec. It stops at the first that is closed, or
/// close-on-exec already, which no exec can have brought. It leaves the environment as it is, which a child
/// may inherit: it is not the process that LISTEN_PID names. Any thread. Source: sd_listen_fds(3).
[[nodiscard]] PARLEY_EXPORT std::vector<std::string> activated_names();

/// Takes the first socket of this name; afterwards it is the caller's. `listen` at the address
/// `systemd:name` does this.
///
/// Errors: `errc::invalid_argument`, with the names there are, when there is none of this name (any more). Any thread.
[[nodiscard]] PARLEY_EXPORT result<unique_fd> take_activated_socket(std::string_view name);

}  // namespace parley
