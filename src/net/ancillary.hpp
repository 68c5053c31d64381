// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Control messages of sockets as bytes: made and taken apart without a system call. Source: cmsg(3), unix(7), ip(7).
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include <sys/socket.h>
#include <sys/types.h>

namespace parley::detail {

/// SCM_MAX_FD of the kernel.
inline constexpr std::size_t most_descriptors = 253;

/// Room for credentials, descriptors and a pidfd: all that one message can bring.
inline constexpr std::size_t control_capacity =
    CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(most_descriptors * sizeof(int)) + CMSG_SPACE(sizeof(int));

struct alignas(cmsghdr) control_buffer {
    std::array<std::byte, control_capacity> bytes;
};

/// How many bytes of a buffer to offer the kernel where up to `descriptors` are welcome. The kernel closes what finds
/// no room. Where credentials or a pidfd do not come, their room takes a few descriptors more.
constexpr std::size_t control_room(std::size_t descriptors) noexcept {
    const std::size_t count = descriptors < most_descriptors ? descriptors : most_descriptors;
    return CMSG_SPACE(sizeof(ucred)) + (count == 0 ? 0 : CMSG_SPACE(count * sizeof(int))) + CMSG_SPACE(sizeof(int));
}

/// One SCM_RIGHTS message with `descriptors`, of which there are 1 to 253. Gives the number of bytes that count.
std::size_t encode_descriptors(std::span<const int> descriptors, control_buffer& into) noexcept;

/// Where a datagram of IP was sent to, and the interface that it came by.
struct datagram_destination {
    bool v6;
    std::array<unsigned char, 16> address;  // the first 4 of IPv4
    unsigned interface;
};

/// What came. Only numbers: somebody has to take over the descriptors.
struct control_content {
    std::array<int, control_capacity / sizeof(int)> descriptors;  // `count` of them
    std::size_t count = 0;
    std::optional<ucred> credentials{};
    std::optional<datagram_destination> destination{};
    int pidfd = -1;
    bool malformed = false;  ///< a length that cannot be, or something twice: not from the kernel

    std::span<const int> view() const noexcept { return {descriptors.data(), count}; }
};

/// Takes apart any bytes: any messages, in any order and number; those it does not know are passed over.
void decode_control(std::span<const std::byte> bytes, control_content& into) noexcept;

}  // namespace parley::detail
