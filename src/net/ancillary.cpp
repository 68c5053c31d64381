// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "net/ancillary.hpp"

#include <algorithm>
#include <cstring>

#include <netinet/in.h>

namespace parley::detail {
namespace {

constexpr int scm_pidfd = 4;  // SCM_PIDFD, Linux 6.5
constexpr std::size_t header_size = CMSG_LEN(0);

constexpr std::size_t aligned(std::size_t size) noexcept { return CMSG_ALIGN(size); }

void add(control_content& to, int fd) noexcept {
    if (to.count < to.descriptors.size())
        to.descriptors[to.count++] = fd;
    else
        to.malformed = true;
}

void take_destination(const cmsghdr& header, std::span<const std::byte> data, control_content& into) noexcept {
    if (header.cmsg_level == IPPROTO_IP && header.cmsg_type == IP_PKTINFO && data.size() == sizeof(in_pktinfo)) {
        in_pktinfo info;
        std::memcpy(&info, data.data(), sizeof info);
        auto& to = into.destination.emplace(datagram_destination{false, {}, static_cast<unsigned>(info.ipi_ifindex)});
        std::memcpy(to.address.data(), &info.ipi_addr, sizeof info.ipi_addr);
    }
    if (header.cmsg_level == IPPROTO_IPV6 && header.cmsg_type == IPV6_PKTINFO && data.size() == sizeof(in6_pktinfo)) {
        in6_pktinfo info;
        std::memcpy(&info, data.data(), sizeof info);
        auto& to = into.destination.emplace(datagram_destination{true, {}, info.ipi6_ifindex});
        std::memcpy(to.address.data(), &info.ipi6_addr, sizeof info.ipi6_addr);
    }
}

void take(const cmsghdr& header, std::span<const std::byte> data, control_content& into) noexcept {
    if (header.cmsg_level != SOL_SOCKET) return take_destination(header, data, into);
    if (header.cmsg_type == SCM_RIGHTS || header.cmsg_type == scm_pidfd) {
        if (data.size() % sizeof(int) != 0) into.malformed = true;
        for (; data.size() >= sizeof(int); data = data.subspan(sizeof(int))) {
            int fd = -1;
            std::memcpy(&fd, data.data(), sizeof fd);
            if (header.cmsg_type == SCM_RIGHTS) {
                add(into, fd);
            } else if (into.pidfd < 0) {
                into.pidfd = fd;  // or the negative errno that says why there is none
            } else {
                add(into, fd);
                into.malformed = true;
            }
        }
    } else if (header.cmsg_type == SCM_CREDENTIALS) {
        if (data.size() != sizeof(ucred) || into.credentials) {
            into.malformed = true;
            return;
        }
        std::memcpy(&into.credentials.emplace(), data.data(), sizeof(ucred));
    }
}

}  // namespace

std::size_t encode_descriptors(std::span<const int> descriptors, control_buffer& into) noexcept {
    cmsghdr header{};
    header.cmsg_level = SOL_SOCKET;
    header.cmsg_type = SCM_RIGHTS;
    header.cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(into.bytes.data(), &header, sizeof header);
    std::memcpy(into.bytes.data() + header_size, descriptors.data(), descriptors.size_bytes());
    const std::size_t used = header_size + descriptors.size_bytes(), size = CMSG_SPACE(descriptors.size_bytes());
    std::memset(into.bytes.data() + used, 0, size - used);
    return size;
}

void decode_control(std::span<const std::byte> bytes, control_content& into) noexcept {
    while (bytes.size() >= sizeof(cmsghdr)) {
        cmsghdr header;
        std::memcpy(&header, bytes.data(), sizeof header);
        if (header.cmsg_len < header_size || header.cmsg_len > bytes.size()) {
            into.malformed = true;
            return;
        }
        take(header, bytes.subspan(header_size, header.cmsg_len - header_size), into);
        bytes = bytes.subspan(std::min(aligned(header.cmsg_len), bytes.size()));  // the last one need not be padded
    }
}

}  // namespace parley::detail
