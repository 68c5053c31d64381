// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What is at a path where a socket is expected, in words.
#pragma once

#include <parley/core/error.hpp>
#include <parley/net/address.hpp>

#include <string>

#include <sys/stat.h>

namespace parley::detail {

/// "a directory", "a symbolic link to '/target'", of the file at `path` that lstat(2) or stat(2) has described.
std::string kind_of_file(const struct ::stat& st, const std::string& path);

/// What a socket of the type is for: "streams", "datagrams", "packets".
const char* use_of_socket(int type) noexcept;

/// connect(2) to the path of `a` was refused with `ec`: an error with the words for what is there. The kernel says of a
/// file that is no socket the same as of a socket without a server; here that is ENOTSOCK.
error refused_connect(const address& a, const error_code& ec);

}  // namespace parley::detail
