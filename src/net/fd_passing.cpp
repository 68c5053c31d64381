// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/fd_passing.hpp>

#include "core/syscall_message.hpp"
#include "core/syscall_net.hpp"
#include "net/ancillary.hpp"
#include "net/receive.hpp"
#include "net/send.hpp"
#include "net/socket_wait.hpp"

#include <algorithm>
#include <cerrno>
#include <string>

namespace parley::detail {
namespace {

static_assert(most_descriptors == most_fds_per_message);
constexpr int most_steps = 16;     // then others have their turn
constexpr int so_passrights = 83;  // SO_PASSRIGHTS, Linux 6.16

struct send_operation {
    static constexpr auto ready_for = asio::socket_base::wait_write;

    socket_handle socket;
    buffer_list rest;
    std::span<const int> fds;  // that have not gone
    std::vector<int> kept{};
    std::size_t sent = 0;
    error_code ec{};

    bool advance(bool) {
        for (int step = 0; step < most_steps; ++step) {
            const auto n = send_some();
            if (!n) {
                if (n.error() == asio::error::would_block) return false;
                ec = n.error();
                return true;
            }
            if (!socket.is_stream() || rest.bytes() == 0) return true;
        }
        return false;
    }

    sys::outcome<std::size_t> send_some() {
        const auto n = send_now(socket, rest, fds);
        if (!n) return n.error();
        fds = {};
        sent += *n;
        rest.consume(*n);
        return *n;
    }

    // The numbers are the caller's only until the operation has begun.
    void keep() {
        kept.assign(fds.begin(), fds.end());
        fds = kept;
    }

    void complete(send_handler handler, error_code ended) { std::move(handler)(ended ? ended : ec, sent); }
};

error_code check_send(const socket_handle& socket, const buffer_list& buffers, std::span<const int> fds) {
    if (socket.descriptor() < 0) return asio::error::bad_descriptor;
    if (fds.empty()) return {};
    if (fds.size() > most_descriptors) return errc::too_many_descriptors;
    if (socket.is_stream() && buffers.bytes() == 0) return errc::invalid_argument;
    if (socket.is_surely_local()) return {};
    // The kernel would send the bytes of a TCP socket and say nothing of the descriptors.
    const auto family = sys::socket_option(socket.descriptor(), SOL_SOCKET, SO_DOMAIN);
    if (!family) return family.error();
    return *family == AF_UNIX ? error_code() : error_code(errc::invalid_argument);
}

bool is_nothing(const socket_handle& socket, const buffer_list& buffers) {
    return socket.is_stream() && buffers.bytes() == 0;
}

std::optional<receive_outcome> receive_into(const socket_handle& socket, const buffer_list& buffers,
                                            std::size_t most_fds, bool waited) {
    receive_request request{socket.descriptor(),
                            socket.type(),
                            const_cast<iovec*>(buffers.data()),
                            buffers.count(),
                            buffers.bytes(),
                            most_fds,
                            waited};
    return receive_now(request);
}

struct receive_operation {
    static constexpr auto ready_for = asio::socket_base::wait_read;

    socket_handle socket;
    buffer_list buffers;
    std::size_t most_fds;
    receive_outcome outcome{};

    bool advance(bool waited) {
        auto received = receive_into(socket, buffers, most_fds, waited);
        if (!received) return false;
        outcome = std::move(*received);
        return true;
    }

    void keep() {}

    void complete(receive_handler handler, error_code ended) {
        std::move(handler)(ended ? ended : outcome.ec, std::move(outcome.message));
    }
};

}  // namespace

void start_send_with_fds(const socket_handle& socket, const buffer_list& buffers, std::span<const int> fds,
                         send_handler handler) {
    if (const auto ec = check_send(socket, buffers, fds); ec || is_nothing(socket, buffers))
        return post_completion(socket.get_executor(), std::move(handler), ec, std::size_t{0});
    send_operation operation{socket, buffers, fds};
    run_on_socket(operation, std::move(handler));
}

void start_receive_with_fds(const socket_handle& socket, const buffer_list& buffers, receive_options options,
                            receive_handler handler) {
    if (socket.descriptor() >= 0 && is_nothing(socket, buffers))
        return post_completion(socket.get_executor(), std::move(handler), error_code(), received_message());
    receive_operation operation{socket, buffers, options.most_fds};
    run_on_socket(operation, std::move(handler));
}

result<std::optional<std::size_t>> try_send_with_fds(const socket_handle& socket, const buffer_list& buffers,
                                                     std::span<const int> fds) {
    const auto context = [&] { return "send with " + std::to_string(fds.size()) + " descriptors"; };
    if (const auto ec = check_send(socket, buffers, fds)) return error(ec, context());
    if (is_nothing(socket, buffers)) return std::optional<std::size_t>(0);
    const auto n = send_now(socket, buffers, fds);
    if (n) return std::optional<std::size_t>(*n);
    if (n.error() == asio::error::would_block) return std::optional<std::size_t>();
    return error(n.error(), context());
}

result<std::optional<received_message>> try_receive_with_fds(const socket_handle& socket, const buffer_list& buffers,
                                                             receive_options options) {
    if (socket.descriptor() < 0) return error(asio::error::bad_descriptor, "receive");
    if (is_nothing(socket, buffers)) return std::optional<received_message>(std::in_place);
    auto received = receive_into(socket, buffers, options.most_fds, false);
    if (!received) return std::optional<received_message>();
    if (received->ec)
        return error(received->ec, "receive with up to " + std::to_string(options.most_fds) + " descriptors");
    return std::optional<received_message>(std::move(received->message));
}

result<bool> refuse_descriptors(int socket) {
    const auto ec = sys::set_socket_option(socket, SOL_SOCKET, so_passrights, 0);
    if (!ec) return true;
    if (ec.value() == ENOPROTOOPT) return false;
    return error(ec, "refuse descriptors on socket " + std::to_string(socket));
}

}  // namespace parley::detail
