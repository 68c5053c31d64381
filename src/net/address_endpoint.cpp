// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/address_endpoint.hpp>

#include "net/address_syntax.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <limits>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace parley {
namespace {

error refuse(const address& a, std::string_view why) {
    return error(errc::invalid_argument, "address '" + to_string(a) + "': " + std::string(why));
}

template <typename Sockaddr>
socket_address native(const Sockaddr& from, std::size_t size) {
    socket_address to;
    std::memcpy(&to.storage, &from, sizeof from);
    to.size = static_cast<socklen_t>(size);
    return to;
}

socket_address from_local(const address& a) {
    sockaddr_un to{};
    static_assert(sizeof to.sun_path == detail::longest_path + 1);
    to.sun_family = AF_UNIX;
    // An abstract name begins behind a NUL. A path ends with one, which is there and is not counted: so does Asio.
    const std::size_t start = a.is_abstract() ? 1 : 0;
    std::ranges::copy(a.path(), to.sun_path + start);
    return native(to, offsetof(sockaddr_un, sun_path) + start + a.path().size());
}

bool has_zone(const in6_addr& host) {
    return IN6_IS_ADDR_LINKLOCAL(&host) || IN6_IS_ADDR_MC_LINKLOCAL(&host) || IN6_IS_ADDR_MC_NODELOCAL(&host);
}

result<socket_address> from_internet(const address& a) {
    if (!a.is_numeric()) return refuse(a, "the host must be resolved first");
    if (a.host().find(':') == std::string::npos) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(a.port());
        ::inet_pton(AF_INET, a.host().c_str(), &to.sin_addr);
        return native(to, sizeof to);
    }
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(a.port());
    ::inet_pton(AF_INET6, a.host().c_str(), &to.sin6_addr);
    const std::string zone(a.kind() == address_kind::udp_multicast ? a.options().interface.view() : a.zone());
    if (!zone.empty() && has_zone(to.sin6_addr)) {
        const auto index = detail::parse_number(zone, "zone", 1, std::numeric_limits<int>::max());
        if (!index) return refuse(a, "the number of interface '" + zone + "' must be looked up first");
        to.sin6_scope_id = static_cast<std::uint32_t>(*index);
    }
    return native(to, sizeof to);
}

bool is_for(const address& a, const detail::socket_type& wanted) {
    const bool ip = wanted.family == AF_INET || wanted.family == AF_INET6;
    switch (a.kind()) {
        case address_kind::unix_stream:
            return wanted.family == AF_UNIX && wanted.type == SOCK_STREAM;
        case address_kind::unix_datagram:
            return wanted.family == AF_UNIX && wanted.type == SOCK_DGRAM;
        case address_kind::unix_seqpacket:
            return wanted.family == AF_UNIX && wanted.type == SOCK_SEQPACKET;
        case address_kind::tcp:
            return ip && wanted.type == SOCK_STREAM && wanted.protocol == IPPROTO_TCP;
        case address_kind::udp:
        case address_kind::udp_multicast:
            return ip && wanted.type == SOCK_DGRAM && wanted.protocol == IPPROTO_UDP;
        default:
            return false;
    }
}

result<address> to_local(const sockaddr* data, std::size_t size, int type) {
    constexpr std::size_t start = offsetof(sockaddr_un, sun_path);
    if (size <= start) return error(errc::invalid_address, "address of an endpoint: the socket has no name");
    // `data` is the beginning of a sockaddr_un.
    const std::string_view name(reinterpret_cast<const char*>(data) + start,
                                std::min(size, sizeof(sockaddr_un)) - start);
    if (name.front() == '\0') {
        const auto rest = name.substr(1);
        if (type == SOCK_STREAM) return address::abstract_stream(rest);
        return type == SOCK_DGRAM ? address::abstract_datagram(rest) : address::abstract_seqpacket(rest);
    }
    const auto path = name.back() == '\0' ? name.substr(0, name.size() - 1) : name;  // the kernel counts its end
    if (type == SOCK_STREAM) return address::unix_stream(path);
    return type == SOCK_DGRAM ? address::unix_datagram(path) : address::unix_seqpacket(path);
}

result<address> to_internet(const sockaddr* data, int type) {
    std::array<char, INET6_ADDRSTRLEN> block;
    std::string host;
    std::uint16_t port = 0;
    if (data->sa_family == AF_INET) {
        sockaddr_in from;
        std::memcpy(&from, data, sizeof from);
        host = ::inet_ntop(AF_INET, &from.sin_addr, block.data(), block.size());
        port = ntohs(from.sin_port);
    } else {
        sockaddr_in6 from;
        std::memcpy(&from, data, sizeof from);
        host = ::inet_ntop(AF_INET6, &from.sin6_addr, block.data(), block.size());
        port = ntohs(from.sin6_port);
        if (has_zone(from.sin6_addr) && from.sin6_scope_id != 0) {
            host += '%';
            host += std::to_string(from.sin6_scope_id);
        }
    }
    return type == SOCK_STREAM ? address::tcp(host, port) : address::udp(host, port);
}

}  // namespace

result<socket_address> to_socket_address(const address& a) {
    if (a.is_unix()) return from_local(a);
    if (a.host().empty()) return refuse(a, "has no address of the kernel's");
    return from_internet(a);
}

result<socket_address> detail::to_socket_address(const address& a, const socket_type& wanted) {
    if (!is_for(a, wanted)) return refuse(a, "is for another kind of socket than the endpoint");
    return parley::to_socket_address(a);
}

result<address> detail::to_address(const sockaddr* data, std::size_t size, const socket_type& of) {
    const bool known_type = of.type == SOCK_STREAM || of.type == SOCK_DGRAM || of.type == SOCK_SEQPACKET;
    if (of.family == AF_UNIX && known_type) return to_local(data, size, of.type);
    const bool ip = of.family == AF_INET || of.family == AF_INET6;
    if (ip && ((of.type == SOCK_STREAM && of.protocol == IPPROTO_TCP) ||
               (of.type == SOCK_DGRAM && of.protocol == IPPROTO_UDP)))
        return to_internet(data, of.type);
    return error(errc::invalid_argument, "address of an endpoint: neither UNIX, TCP nor UDP");
}

}  // namespace parley
