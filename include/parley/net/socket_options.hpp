// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Socket options that Asio lacks, typed, for `set_option` and `get_option` of its sockets.
//
// Asio's own: `socket_base::keep_alive`, `linger`, `reuse_address`, `broadcast`, `send_buffer_size`,
// `receive_buffer_size`, `send_low_watermark`, `receive_low_watermark`, `do_not_route`, `out_of_band_inline`, `debug`;
// `ip::tcp::no_delay`; `ip::v6_only`; `ip::unicast::hops`; `ip::multicast::join_group`, `leave_group`,
// `outbound_interface`, `hops`, `enable_loopback`.
#pragma once

#include <parley/core/timer.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace parley {
namespace detail {

/// An int that the kernel keeps, under one name for all families or under another one for IPv6.
template <int Level, int Name, int Level6 = Level, int Name6 = Name>
class integer_option_storage {
public:
    template <typename Protocol>
    int level(const Protocol& protocol) const {
        return protocol.family() == AF_INET6 ? Level6 : Level;
    }
    template <typename Protocol>
    int name(const Protocol& protocol) const {
        return protocol.family() == AF_INET6 ? Name6 : Name;
    }
    template <typename Protocol>
    int* data(const Protocol&) noexcept {
        return &stored_;
    }
    template <typename Protocol>
    const int* data(const Protocol&) const noexcept {
        return &stored_;
    }
    template <typename Protocol>
    std::size_t size(const Protocol&) const noexcept {
        return sizeof stored_;
    }
    template <typename Protocol>
    void resize(const Protocol&, std::size_t) noexcept {}

protected:
    integer_option_storage() = default;
    explicit integer_option_storage(int stored) noexcept : stored_(stored) {}

    int stored_ = 0;
};

template <int... Where>
class flag_option : public integer_option_storage<Where...> {
public:
    flag_option() = default;
    explicit flag_option(bool on) noexcept : integer_option_storage<Where...>(on ? 1 : 0) {}
    bool value() const noexcept { return this->stored_ != 0; }
};

template <int... Where>
class integer_option : public integer_option_storage<Where...> {
public:
    integer_option() = default;
    explicit integer_option(int value) noexcept : integer_option_storage<Where...>(value) {}
    int value() const noexcept { return this->stored_; }
};

template <typename Unit, int... Where>
class duration_option : public integer_option_storage<Where...> {
public:
    duration_option() = default;
    /// Whole units; what is more than an int holds is the most that it holds.
    explicit duration_option(Unit value) noexcept : integer_option_storage<Where...>(std::max(int_count(value), -1)) {}
    Unit value() const noexcept { return Unit(this->stored_); }
};

}  // namespace detail

// TCP. Source: tcp(7).

/// Seconds of silence before a connection with `socket_base::keep_alive` is asked whether it is still there; 1 to
/// 32767.
using keep_alive_idle = detail::duration_option<std::chrono::seconds, IPPROTO_TCP, TCP_KEEPIDLE>;
/// Seconds between two questions; 1 to 32767.
using keep_alive_interval = detail::duration_option<std::chrono::seconds, IPPROTO_TCP, TCP_KEEPINTVL>;
/// How many questions go unanswered before the connection ends with `timed_out`; 1 to 127.
using keep_alive_count = detail::integer_option<IPPROTO_TCP, TCP_KEEPCNT>;
/// How long what was sent may stay unacknowledged before the connection ends with `timed_out`; 0 is the kernel's
/// choice. Counts for the questions of keep-alive, too.
using tcp_user_timeout = detail::duration_option<std::chrono::milliseconds, IPPROTO_TCP, TCP_USER_TIMEOUT>;
/// Acknowledge at once. The kernel may turn it off again by itself.
using tcp_quick_ack = detail::flag_option<IPPROTO_TCP, TCP_QUICKACK>;
/// Send full segments only until this is turned off, at most 200 ms. For one send: `message_more`.
using tcp_cork = detail::flag_option<IPPROTO_TCP, TCP_CORK>;

// UNIX sockets. Source: unix(7).

/// Each message comes with its sender (`received_message::sender`), as the kernel knows it.
using pass_credentials = detail::flag_option<SOL_SOCKET, SO_PASSCRED>;
/// Each message comes with a pidfd of its sender. ENOPROTOOPT before Linux 6.5. Source: SO_PASSPIDFD.
using pass_pidfd = detail::flag_option<SOL_SOCKET, 76>;
/// Off: who sends descriptors to this socket gets EPERM. ENOPROTOOPT before Linux 6.16; `refuse_descriptors` knows.
/// Source: SO_PASSRIGHTS.
using pass_rights = detail::flag_option<SOL_SOCKET, 83>;
/// Where `socket_base::message_peek` begins to read, from the front of the queue, and moves on by what it has read; -1
/// for always the front. Of packets, the byte within the packet. Source: socket(7), SO_PEEK_OFF.
using peek_offset = detail::integer_option<SOL_SOCKET, SO_PEEK_OFF>;

// IP. Source: socket(7), ip(7), ipv6(7).

/// Several sockets of one user at the same port: the kernel divides connections and datagrams among them.
using reuse_port = detail::flag_option<SOL_SOCKET, SO_REUSEPORT>;
/// Off: datagrams of groups that this socket has joined, and of no other that some program on this machine has.
using multicast_all = detail::flag_option<IPPROTO_IP, 49, IPPROTO_IPV6, 29>;
/// Each datagram comes with the interface it arrived by and the address it was sent to (`received_packet::arrival`).
using receive_arrival = detail::flag_option<IPPROTO_IP, IP_PKTINFO, IPPROTO_IPV6, IPV6_RECVPKTINFO>;

/// The one interface that is sent and received by, by its name of up to 15 bytes; empty: any. A longer name is
/// `no_such_device`. Without the right CAP_NET_RAW a binding can be made, and not changed (Linux 5.7).
/// Source: socket(7), SO_BINDTODEVICE.
class bind_to_device {
public:
    bind_to_device() = default;
    explicit bind_to_device(std::string_view name) noexcept {
        if (name.size() >= name_.size()) name = "/";  // the kernel would cut it; no device has this name
        std::ranges::copy(name, name_.begin());
    }

    std::string_view value() const noexcept {
        const std::string_view all(name_.data(), name_.size());
        return all.substr(0, all.find('\0'));
    }

    template <typename Protocol>
    int level(const Protocol&) const noexcept {
        return SOL_SOCKET;
    }
    template <typename Protocol>
    int name(const Protocol&) const noexcept {
        return SO_BINDTODEVICE;
    }
    template <typename Protocol>
    char* data(const Protocol&) noexcept {
        return name_.data();
    }
    template <typename Protocol>
    const char* data(const Protocol&) const noexcept {
        return name_.data();
    }
    template <typename Protocol>
    std::size_t size(const Protocol&) const noexcept {
        return name_.size();
    }
    template <typename Protocol>
    void resize(const Protocol&, std::size_t) noexcept {}

private:
    std::array<char, IFNAMSIZ> name_{};  // padded with NUL
};

}  // namespace parley
