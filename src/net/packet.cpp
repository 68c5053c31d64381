// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/packet.hpp>

#include "net/receive.hpp"
#include "net/socket_wait.hpp"

namespace parley::detail {
namespace {

struct packet_operation {
    static constexpr auto ready_for = asio::socket_base::wait_read;

    socket_handle socket;
    buffer_list buffers;
    sender_slot sender;
    error_code ec{};
    received_packet packet{};

    bool advance(bool waited) {
        sockaddr_storage name;
        receive_request request{
            socket.descriptor(), socket.type(), buffers.data(), buffers.count(), buffers.bytes(), 0, waited};
        request.roomy = !socket.is_surely_local();
        if (sender.endpoint != nullptr) request.name = &name;
        auto received = receive_now(request);
        if (!received) return false;
        if (sender.endpoint != nullptr)
            sender.assign(sender.endpoint, reinterpret_cast<const sockaddr*>(&name), request.name_size);
        ec = received->ec;
        packet = {received->message.size, received->packet_size, received->message.end, received->arrival};
        return true;
    }

    void keep() {}

    void complete(packet_handler handler, error_code ended) { std::move(handler)(ended ? ended : ec, packet); }
};

}  // namespace

void start_receive_packet(const socket_handle& socket, const buffer_list& buffers, const sender_slot& sender,
                          packet_handler handler) {
    packet_operation operation{socket, buffers, sender};
    run_on_socket(operation, std::move(handler));
}

result<std::optional<received_packet>> try_receive_packet(const socket_handle& socket, const buffer_list& buffers,
                                                          const sender_slot& sender) {
    if (socket.descriptor() < 0) return error(asio::error::bad_descriptor, "receive a packet");
    packet_operation operation{socket, buffers, sender};
    if (!operation.advance(false)) return std::optional<received_packet>();
    if (operation.ec) return error(operation.ec, "receive a packet");
    return std::optional<received_packet>(operation.packet);
}

}  // namespace parley::detail
