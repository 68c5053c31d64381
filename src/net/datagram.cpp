// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/datagram.hpp>

#include "core/syscall_net.hpp"
#include "net/bind_local.hpp"
#include "net/open_socket.hpp"
#include "net/path_kind.hpp"

#include <netinet/in.h>
#include <sys/un.h>

namespace parley::detail {
namespace {

bool is_datagram(const address& a) {
    return a.kind() == address_kind::unix_datagram || a.kind() == address_kind::udp ||
           a.kind() == address_kind::udp_multicast;
}

// The address of the kernel's, with every name turned into a number.
result<socket_address> numbered(const address& a) {
    if (a.is_unix()) return to_socket_address(a);
    if (a.kind() == address_kind::udp) {
        const auto b = with_numbers(a);
        if (!b) return b.error();
        return to_socket_address(*b);
    }
    if (a.options().interface.empty()) return to_socket_address(a);
    const auto index = interface_number(a.options().interface.view());
    if (!index) return address_error(a, index.error().code(), index.error().context());
    auto options = a.options();
    options.interface = std::to_string(*index);
    const auto b = a.with_options(options);
    if (!b) return b.error();
    return to_socket_address(*b);
}

result<opened_datagram_socket> open(const address& a, const protocol_shape& shape) {
    if (!is_datagram(a)) return wrong_protocol(a);
    auto to = numbered(a);
    if (!to) return to.error();
    const auto type = socket_type_for(a, to->data()->sa_family);
    if (!fits(type, shape)) return wrong_protocol(a);
    auto fd = open_socket(a, type);
    if (!fd) return fd.error();
    return opened_datagram_socket{std::move(*fd), type.family, *to};
}

error_code join(int fd, const socket_address& group, const address& a) {
    unsigned interface = 0;
    if (!a.options().interface.empty()) {
        const auto index = interface_number(a.options().interface.view());
        if (!index) return index.error().code();
        interface = *index;
    }
    group_req request{};
    request.gr_interface = interface;
    request.gr_group = group.storage;
    const int level = group.data()->sa_family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
    return sys::set_socket_option(fd, level, MCAST_JOIN_GROUP, &request, sizeof request);
}

// Where it receives: the same place, with the port that the kernel has chosen.
result<address> local_address_of(int fd, const address& a) {
    auto name = name_of(fd, socket_type_for(a));
    if (!name || a.kind() == address_kind::udp) return name;
    return address::udp_multicast(a.host(), name->port(), {.interface = a.options().interface});
}

bool is_broadcast(const address& a) { return a.kind() == address_kind::udp && a.options().broadcast.value_or(false); }

}  // namespace

result<opened_datagram_socket> open_datagram_receiver(const address& a, const protocol_shape& shape) {
    auto opened = open(a, shape);
    if (!opened) return opened;
    const int fd = opened->fd.get();
    if (a.is_unix()) {
        auto file = bind_local(fd, a, std::nullopt);
        if (!file) return file.error();
        opened->file = std::move(*file);
        opened->local_address = a.with_options({}).value();
        return opened;
    }
    const bool group = a.kind() == address_kind::udp_multicast;
    if (group && !a.options().reuse) {
        if (const auto ec = sys::set_socket_option(fd, SOL_SOCKET, SO_REUSEADDR, 1))
            return address_error(a, ec, "reuse");
    }
    if (const auto ec = sys::bind(fd, opened->destination.data(), opened->destination.size))
        return address_error(a, ec, "bind");
    if (group) {
        if (const auto ec = join(fd, opened->destination, a)) return address_error(a, ec, "join");
    }
    const auto local = local_address_of(fd, a);
    if (!local) return local.error();
    opened->local_address = *local;
    return opened;
}

result<opened_datagram_socket> open_datagram_sender(const address& a, const protocol_shape& shape) {
    if (is_datagram(a) && !a.is_unix() && a.port() == 0)
        return address_error(a, make_error_code(errc::invalid_argument), "nobody receives at port 0");
    auto opened = open(a, shape);
    if (!opened) return opened;
    const int fd = opened->fd.get();
    if (a.is_unix()) {
        sockaddr_un any_name{};
        any_name.sun_family = AF_UNIX;
        const auto* name = reinterpret_cast<const sockaddr*>(&any_name);
        if (const auto ec = sys::bind(fd, name, sizeof(sa_family_t))) return address_error(a, ec, "bind");
    }
    if (a.kind() == address_kind::udp_multicast || is_broadcast(a)) return opened;
    if (const auto ec = sys::connect(fd, opened->destination.data(), opened->destination.size))
        return refused_connect(a, ec);
    return opened;
}

}  // namespace parley::detail
