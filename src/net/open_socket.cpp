// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "net/open_socket.hpp"

#include <parley/core/timer.hpp>

#include "core/syscall_net.hpp"
#include "net/address_syntax.hpp"

#include <limits>
#include <string>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace parley::detail {
namespace {

bool looks_like_ipv6(const address& a) { return a.host().find(':') != std::string::npos; }

// Sets options one after the other until one is refused.
class setter {
public:
    setter(int fd, const address& a) : fd_(fd), address_(a) {}

    void set(const char* option, int level, int name, int value) {
        if (done_) done_ = check(option, sys::set_socket_option(fd_, level, name, value));
    }
    template <typename T>
    void set_if(const std::optional<T>& value, const char* option, int level, int name) {
        if (value) set(option, level, name, static_cast<int>(*value));
    }
    template <typename Unit>
    void set_if(const std::optional<saturated<Unit>>& value, const char* option, int level, int name) {
        if (value) set(option, level, name, int_count(*value));
    }
    void set(const char* option, int level, int name, const void* value, socklen_t size) {
        if (done_) done_ = check(option, sys::set_socket_option(fd_, level, name, value, size));
    }
    void fail(const char* option, const error_code& code) {
        if (done_) done_ = check(option, code);
    }
    result<void> done() const { return done_; }

private:
    result<void> check(const char* option, const error_code& code) const {
        if (code) return address_error(address_, code, std::string("option ") + option);
        return {};
    }

    int fd_;
    const address& address_;
    result<void> done_{};
};

void keep_alive(setter& to, const address_options& options) {
    const bool times = options.keepalive_idle || options.keepalive_interval || options.keepalive_count;
    if (options.keepalive || times) to.set("keepalive", SOL_SOCKET, SO_KEEPALIVE, options.keepalive.value_or(true));
    to.set_if(options.keepalive_idle, "keepalive_idle", IPPROTO_TCP, TCP_KEEPIDLE);
    to.set_if(options.keepalive_interval, "keepalive_interval", IPPROTO_TCP, TCP_KEEPINTVL);
    to.set_if(options.keepalive_count, "keepalive_count", IPPROTO_TCP, TCP_KEEPCNT);
}

void multicast_options(setter& to, const address_options& options, int family) {
    const bool v6 = family == AF_INET6;
    const int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
    to.set_if(options.ttl, "ttl", level, v6 ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL);
    to.set_if(options.loop, "loop", level, v6 ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP);
    // Only groups that this socket has joined: without it, any that another program on this machine has joined.
    to.set("multicast_all", level, v6 ? IPV6_MULTICAST_ALL : IP_MULTICAST_ALL, 0);
    if (options.interface.empty()) return;
    const auto index = interface_number(options.interface);
    if (!index) return to.fail("interface", index.error().code());
    if (v6) {
        to.set("interface", level, IPV6_MULTICAST_IF, static_cast<int>(*index));
    } else {
        ip_mreqn request{};
        request.imr_ifindex = static_cast<int>(*index);
        to.set("interface", level, IP_MULTICAST_IF, &request, sizeof request);
    }
}

void bind_to_interface(setter& to, const address_options& options) {
    if (options.interface.empty()) return;
    const auto index = interface_number(options.interface);
    if (!index) return to.fail("interface", index.error().code());
    to.set("interface", SOL_SOCKET, SO_BINDTOIFINDEX, static_cast<int>(*index));
}

result<address> make_internet(const address& a, const std::string& host) {
    if (a.kind() == address_kind::tcp) return address::tcp(host, a.port(), a.options());
    return address::udp(host, a.port(), a.options());
}

}  // namespace

error address_error(const address& a, const error_code& code, std::string_view what) {
    return error(code, "address '" + to_string(a) + "'" + (what.empty() ? "" : ": " + std::string(what)));
}

result<unsigned> interface_number(std::string_view name) {
    if (const auto number = parse_number(name, "interface", 1, std::numeric_limits<int>::max()))
        return static_cast<unsigned>(*number);
    const auto index = sys::interface_index(std::string(name).c_str());
    if (!index) return error(index.error(), "interface '" + std::string(name) + "'");
    return *index;
}

socket_type socket_type_for(const address& a, int family) {
    if (family == 0) family = looks_like_ipv6(a) ? AF_INET6 : AF_INET;
    switch (a.kind()) {
        case address_kind::unix_stream:
            return {AF_UNIX, SOCK_STREAM, 0};
        case address_kind::unix_datagram:
            return {AF_UNIX, SOCK_DGRAM, 0};
        case address_kind::unix_seqpacket:
            return {AF_UNIX, SOCK_SEQPACKET, 0};
        case address_kind::tcp:
            return {family, SOCK_STREAM, IPPROTO_TCP};
        case address_kind::udp:
        case address_kind::udp_multicast:
            return {family, SOCK_DGRAM, IPPROTO_UDP};
        case address_kind::raw_icmp:
            return {AF_INET, SOCK_RAW, IPPROTO_ICMP};
        case address_kind::raw_icmp6:
            return {AF_INET6, SOCK_RAW, IPPROTO_ICMPV6};
        case address_kind::descriptor:
        case address_kind::systemd:
            break;
    }
    return {AF_UNSPEC, 0, 0};
}

result<socket_type> type_of_socket(int fd) {
    socket_type type{};
    for (const auto& [name, value] :
         {std::pair{SO_DOMAIN, &type.family}, {SO_TYPE, &type.type}, {SO_PROTOCOL, &type.protocol}}) {
        const auto told = sys::socket_option(fd, SOL_SOCKET, name);
        if (!told) return error(told.error(), "type of a socket");
        *value = *told;
    }
    return type;
}

bool fits(const socket_type& type, const protocol_shape& shape) {
    const bool local = type.family == AF_UNIX;
    const bool internet = type.family == AF_INET || type.family == AF_INET6;
    return type.type == shape.type && ((local && shape.local) || (internet && shape.internet));
}

error wrong_protocol(const address& a) {
    return address_error(a, make_error_code(errc::invalid_argument), "is for another kind of socket");
}

result<address> name_of(int fd, const socket_type& type) {
    sockaddr_storage name{};
    const auto size = sys::socket_name(fd, name);
    if (!size) return error(size.error(), "name of a socket");
    return to_address(reinterpret_cast<const sockaddr*>(&name), *size, type);
}

// RFC 6761, 6.3: "localhost", any name below it, each with a final dot or without. Hosts are in lower case.
bool is_localhost(const address& a) {
    std::string_view host = a.host();
    if (host.ends_with('.')) host.remove_suffix(1);
    return host == "localhost" || host.ends_with(".localhost");
}

result<address> with_numbers(const address& a) {
    if (is_localhost(a)) return make_internet(a, "127.0.0.1");
    if (!a.is_numeric())
        return address_error(a, make_error_code(errc::invalid_argument), "the host must be a number or localhost");
    if (a.zone().empty()) return a;
    const auto index = interface_number(a.zone());
    if (!index) return address_error(a, index.error().code(), index.error().context());
    return make_internet(a, a.host() + "%" + std::to_string(*index));
}

result<unique_fd> open_socket(const address& a, const socket_type& type) {
    auto opened = sys::socket(type.family, type.type, type.protocol);
    if (!opened) return address_error(a, opened.error(), "socket");
    if (auto applied = apply_options(opened->get(), a, type.family); !applied) return applied.error();
    return std::move(*opened);
}

result<void> apply_options(int fd, const address& a, int family) {
    const auto& options = a.options();
    setter to(fd, a);
    to.set_if(options.sndbuf, "sndbuf", SOL_SOCKET, SO_SNDBUF);
    to.set_if(options.rcvbuf, "rcvbuf", SOL_SOCKET, SO_RCVBUF);
    to.set_if(options.reuse, "reuse", SOL_SOCKET, SO_REUSEADDR);
    to.set_if(options.broadcast, "broadcast", SOL_SOCKET, SO_BROADCAST);
    if (a.kind() == address_kind::tcp) {
        to.set_if(options.nodelay, "nodelay", IPPROTO_TCP, TCP_NODELAY);
        keep_alive(to, options);
        to.set_if(options.user_timeout, "user_timeout", IPPROTO_TCP, TCP_USER_TIMEOUT);
    }
    if (a.kind() == address_kind::udp_multicast) {
        multicast_options(to, options, family);
    } else {
        if (family == AF_INET6)
            to.set_if(options.ttl, "ttl", IPPROTO_IPV6, IPV6_UNICAST_HOPS);
        else
            to.set_if(options.ttl, "ttl", IPPROTO_IP, IP_TTL);
        bind_to_interface(to, options);
    }
    return to.done();
}

}  // namespace parley::detail
