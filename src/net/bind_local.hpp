// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A UNIX socket gets its name, and the name of one that nobody serves any more gets a new socket.
#pragma once

#include <parley/core/error.hpp>
#include <parley/net/address.hpp>
#include <parley/net/socket_file.hpp>

#include <optional>

namespace parley::detail {

/// Binds the UNIX socket `fd` to the name of `a`, and lets it listen where there is a `backlog`.
///
/// A file gets its rights (`mode`, 0600 where not given) and owner before anybody can connect. In its way may only be
/// the socket file of a server that has ended: of this user or of the owner in the options, and one that refuses to be
/// connected to. That is tried under a lock, the file "PATH.lock", which exists only meanwhile: of two servers that
/// start at once one gets the name.
///
/// Errors, with the address: `address_in_use` for a name that is served, or about to be by another start; ENOTSOCK for
/// a file of another kind; `permission_denied` for another user's file or lock, and for a lock with content;
/// `errc::unknown_user`; and those of the system calls. Nothing is followed, changed or removed that is not ours. An
/// abstract name gives no file.
result<socket_file> bind_local(int fd, const address& a, std::optional<int> backlog);

}  // namespace parley::detail
