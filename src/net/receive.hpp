// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// One receive from a socket of any type: what every receiving operation is made of.
#pragma once

#include <parley/net/fd_passing.hpp>
#include <parley/net/packet.hpp>
#include <parley/net/socket_handle.hpp>

#include <cstddef>
#include <optional>

#include <sys/socket.h>

namespace parley::detail {

struct receive_request {
    int fd;
    int type;  // SOCK_STREAM and its like
    iovec* parts;
    std::size_t part_count;
    std::size_t bytes;  // in all parts
    std::size_t most_fds;
    bool waited;         // the socket was said to be ready
    bool roomy = false;  // there may be control messages of other kinds than those of UNIX sockets
    sockaddr_storage* name = nullptr;
    socklen_t name_size = 0;  // of what was put there
};

struct receive_outcome {
    error_code ec{};
    received_message message{};
    std::size_t packet_size = 0;  // as it was sent
    std::optional<packet_arrival> arrival{};
};

/// Receives, or nothing where there is nothing yet.
std::optional<receive_outcome> receive_now(receive_request& request);

}  // namespace parley::detail
