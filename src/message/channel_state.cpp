// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "message/channel_state.hpp"

#include "core/syscall_net.hpp"
#include "net/ancillary.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <string>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>

namespace parley::detail {
namespace {

constexpr std::uint32_t largest_udp_packet = 65507;
constexpr std::uint32_t packet_overhead = 32;  // what the kernel takes of a UNIX socket's send buffer

[[noreturn]] void refuse(const char* why) {
    throw boost::system::system_error(make_error_code(errc::invalid_argument), why);
}

}  // namespace

channel_wire::~channel_wire() = default;

// What waits may own the channel, which must not find it any more.
void delete_pending::operator()(pending_receive* p) const noexcept {
    *p->known_at = nullptr;
    delete p;
}
void delete_pending::operator()(pending_sends* p) const noexcept {
    *p->known_at = nullptr;
    delete p;
}

void read_done::operator()(error_code ec, std::size_t n) {
    const auto channel = std::move(state);
    channel->read_ended(std::move(waiting), ec, n, only_waited);
}

void write_done::operator()(error_code ec, std::size_t) {
    const auto channel = std::move(state);
    channel->write_ended(std::move(waiting), ec);
}

channel_state::limits channel_state::packed(const channel_options& options) {
    const auto small = [](std::size_t n) { return static_cast<std::uint32_t>(std::min<std::size_t>(n, UINT32_MAX)); };
    if (options.queue_bytes == 0 || options.queue_messages == 0) refuse("a channel needs a queue for messages");
    if (options.turn_messages == 0) refuse("a channel needs turns in which it does something");
    return {small(options.queue_bytes),
            small(options.queue_messages),
            small(options.gather_bytes),
            small(options.turn_messages),
            options.when_full,
            static_cast<std::uint8_t>(std::min<unsigned>(options.descriptors, most_descriptors))};
}

channel_state::channel_state(std::unique_ptr<channel_wire> wire, const channel_options& options)
    : wire_(std::move(wire)),
      options_(packed(options)),
      overhead_(static_cast<std::uint32_t>(std::min<std::size_t>(wire_->overhead(), UINT32_MAX))),
      receive_at_home_(new pending_receive(&receive_)) {
    brings_descriptors = options.descriptors != 0;
    fd_ = wire_->native_handle();
    if (fd_ >= 0) {
        const auto type = sys::socket_option(fd_, SOL_SOCKET, SO_TYPE);
        const auto domain = sys::socket_option(fd_, SOL_SOCKET, SO_DOMAIN);
        if (type && domain) {
            type_ = *type;
            const bool local = *domain == AF_UNIX;
            kind_ = type_ != SOCK_STREAM ? kind::packets : local ? kind::local_stream : kind::stream;
            if (kind_ == kind::packets) {
                const auto room = sys::socket_option(fd_, SOL_SOCKET, SO_SNDBUF);
                largest_packet_ =
                    local && room ? static_cast<std::uint32_t>(*room) - packet_overhead : largest_udp_packet;
            }
        } else {
            fd_ = -1;
        }
    }
    if (!wire_->is_open() || (!wire_->reads_bytes() && kind_ != kind::packets))
        refuse("a channel needs a stream that is open");
    if (kind_ == kind::packets && !wire_->keeps_packets()) refuse("a channel over packets needs the framing datagram");
    if (kind_ != kind::packets && wire_->keeps_packets()) refuse("the framing datagram needs a socket with packets");
    if (brings_descriptors && kind_ != kind::local_stream && kind_ != kind::packets)
        refuse("descriptors come over UNIX sockets only");
}

void channel_state::make_inbox() {
    const std::size_t beside = kind_ == kind::packets ? 0 : largest_read;
    inbox_ = std::make_unique<inbox>(wire_->largest_frame() + beside);
    if (share_) inbox_->room_to = free_bytes();
    if (kind_ != kind::other) inbox_->loop = polling::of(get_executor());
}

void channel_state::make_outbox() {
    outbox_ = std::make_unique<outbox>();
    if (options_.when_full == full_queue::drop_oldest) outbox_->queue.keep_borders();
    if (kind_ == kind::local_stream || kind_ == kind::stream) outbox_->queue.divide_into_blocks(options_.queue_bytes);
    if (kind_ == kind::packets) outbox_->queue.divide_into_packets();
}

channel_state::ending& channel_state::at_the_end() {
    if (!ending_) ending_ = std::make_unique<ending>();
    return *ending_;
}

const error& channel_state::failure() const noexcept {
    static const error none;
    return ending_ ? ending_->failure : none;
}

channel_counters channel_state::counters() const noexcept {
    channel_counters now;
    if (inbox_) {
        now.messages_received = inbox_->messages - static_cast<std::uint64_t>(end - next);
        now.bytes_received = inbox_->bytes_read;
        now.reads = inbox_->reads;
    }
    if (outbox_) {
        const auto& queue = outbox_->queue;
        now.queued_messages = queue.messages();
        now.queued_bytes = queue.bytes();
        now.messages_sent = queue.accepted() - now.queued_messages - outbox_->lost;
        now.bytes_sent = outbox_->bytes;
        now.writes = outbox_->writes;
        now.dropped = outbox_->dropped;
        now.refused = outbox_->refused;
    }
    return now;
}

void channel_state::cancel() {
    abort_receive();
    abort_sends(asio::error::operation_aborted);
}

void channel_state::close() {
    if (!open_) return;
    open_ = false;
    const auto self = shared_from_this();
    if (share_) share_->leave();
    wire_->close();
    if (outbox_) {
        outbox_->lost += outbox_->queue.messages();
        outbox_->queue.clear();
    }
    next = end = nullptr;
    more_ = false;
    if (inbox_) {
        inbox_->arrivals.clear();
        inbox_->arrived.clear();
        inbox_->claimed.clear();
    }
    stop_waiting_for_room();
    abort_receive();
    abort_sends(failure().code() ? failure().code() : error_code(asio::error::operation_aborted));
    if (lingers()) ending_->linger->cancel();
}

void channel_state::failed(error_code code, std::string context) {
    if (auto& why = at_the_end().failure; !why.code()) why = error(code, std::move(context));
}

}  // namespace parley::detail
