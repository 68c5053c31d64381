// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "message/channel_state.hpp"

#include "core/syscall_net.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <string>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>

namespace parley::detail {
namespace {

constexpr std::size_t largest_read = std::size_t{64} << 10;
constexpr std::size_t largest_udp_packet = 65507;
constexpr std::size_t packet_overhead = 32;  // what the kernel takes of a UNIX socket's send buffer

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

channel_state::channel_state(std::unique_ptr<channel_wire> wire, const channel_options& options)
    : wire_(std::move(wire)),
      io_(wire_->get_executor()),
      options_(options),
      overhead_(wire_->overhead()),
      in_(wire_->largest_frame() + (wire_->keeps_packets() ? 0 : largest_read)),
      receive_at_home_(new pending_receive(&receive_)) {
    if (options.queue_bytes == 0 || options.queue_messages == 0) refuse("a channel needs a queue for messages");
    if (options.turn_messages == 0) refuse("a channel needs turns in which it does something");
    brings_descriptors = options.descriptors != 0;
    if (options.when_full == full_queue::drop_oldest) queue_.keep_borders();
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
                    local && room ? static_cast<std::size_t>(*room) - packet_overhead : largest_udp_packet;
                queue_.divide_into_packets();
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

channel_counters channel_state::counters() const noexcept {
    channel_counters now = counters_;
    now.messages_received -= static_cast<std::uint64_t>(end - next);
    now.queued_messages = queue_.messages();
    now.queued_bytes = queue_.bytes();
    now.messages_sent = queue_.accepted() - now.queued_messages - lost_;
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
    wire_->close();
    lost_ += queue_.messages();
    queue_.clear();
    next = end = nullptr;
    more_ = false;
    arrived_.clear();
    claimed_.clear();
    abort_receive();
    abort_sends(failure_.code() ? failure_.code() : error_code(asio::error::operation_aborted));
    if (linger_) linger_->cancel();
}

void channel_state::failed(error_code code, std::string context) {
    if (!failure_.code()) failure_ = error(code, std::move(context));
}

}  // namespace parley::detail
