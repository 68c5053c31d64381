// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "net/send.hpp"

#include "core/syscall_message.hpp"
#include "net/ancillary.hpp"

#include <algorithm>

namespace parley::detail {

sys::outcome<std::size_t> send_now(const socket_handle& socket, const buffer_list& bytes, std::span<const int> fds) {
    constexpr std::size_t most_parts = 1024;  // IOV_MAX
    if (bytes.count() == 1 && fds.empty()) return sys::send(socket.descriptor(), *bytes.data());
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(bytes.data());  // which the kernel only reads
    message.msg_iovlen = socket.is_stream() ? std::min(bytes.count(), most_parts) : bytes.count();
    control_buffer control;
    if (!fds.empty()) {
        message.msg_control = control.bytes.data();
        message.msg_controllen = encode_descriptors(fds, control);
    }
    return sys::sendmsg(socket.descriptor(), message);
}

}  // namespace parley::detail
