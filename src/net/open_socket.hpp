// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// From an address to a socket that is set up as its options say.
#pragma once

#include <parley/core/error.hpp>
#include <parley/core/unique_fd.hpp>
#include <parley/net/address.hpp>
#include <parley/net/address_endpoint.hpp>
#include <parley/net/protocol.hpp>

#include <string_view>

namespace parley::detail {

/// "address 'tcp::80': what", for errors.
error address_error(const address& a, const error_code& code, std::string_view what);

/// The number of an interface, given by name or number.
result<unsigned> interface_number(std::string_view name);

/// What socket(2) makes for `a`. `family` is for IP kinds whose host is not a number; 0: as the host says.
socket_type socket_type_for(const address& a, int family = 0);

/// What an open socket is.
result<socket_type> type_of_socket(int fd);

/// Whether a socket of `type` is one for the protocol class.
bool fits(const socket_type& type, const protocol_shape& shape);
/// For an address that does not fit.
error wrong_protocol(const address& a);

/// The address of a socket as the kernel tells it.
result<address> name_of(int fd, const socket_type& type);

/// Whether the host of `a` is this machine by its name: it is never looked up.
bool is_localhost(const address& a);

/// `a` with "localhost", where that is 127.0.0.1, and the names of zones as numbers. Errors: `errc::invalid_argument`
/// for another name.
result<address> with_numbers(const address& a);

/// A socket for `a`: non-blocking, close-on-exec, with every option of `a` that is set on a socket: all but `mode`,
/// `user`, `group`, `backlog`, `connect_timeout`, and `reuse` where it is not given.
result<unique_fd> open_socket(const address& a, const socket_type& type);

/// Sets those options on a socket that exists.
result<void> apply_options(int fd, const address& a, int family);

}  // namespace parley::detail
