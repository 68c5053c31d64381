// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Connects that wait for room in the backlog of a UNIX server.
#pragma once

#include <parley/core/completion.hpp>
#include <parley/net/address.hpp>
#include <parley/net/address_endpoint.hpp>
#include <parley/net/connect.hpp>
#include <parley/net/peer.hpp>

#include "net/waiting_line.hpp"

#include <boost/asio/cancellation_state.hpp>

#include <memory>
#include <optional>
#include <string>

namespace parley::detail {

/// What connect(2) says of a backlog without room.
bool is_full(const error_code& ec) noexcept;

/// Whether the policy lets us talk to the server at the other end of `fd`: no error, or the reason.
error_code check_peer(int fd, const std::optional<peer_policy>& policy);

/// One of them. A chain of handlers, because a program may begin thousands at once (bench/waiting).
class connect_in_line : public std::enable_shared_from_this<connect_in_line> {
public:
    using handler_type = completion_handler<void(error_code, open_connection)>;

    /// The line of those that wait for the server at `to`.
    static std::string name_of_line(const socket_address& to, const socket_type& type);

    /// Takes the last place of the line.
    connect_in_line(const executor& io, const std::string& line, const address& a, const socket_address& to,
                    const std::optional<peer_policy>& policy)
        : place_(std::in_place, io, line), address_(a), to_(to), policy_(policy) {}

    /// Cancellation: all types.
    void start(handler_type handler);

private:
    void wait(handler_type handler, asio::cancellation_state cancellation);
    /// Nothing where it is to wait again.
    std::optional<error_code> try_to_connect(open_connection& c);

    std::optional<place_in_line> place_;
    const address address_;
    const socket_address to_;
    const std::optional<peer_policy> policy_;
    unique_fd socket_{};  // one for all tries, and none before this is the first in the line
    place_in_line::duration pause_{};
};

}  // namespace parley::detail
