// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "net/path_kind.hpp"

#include "core/syscall_net.hpp"
#include "net/address_syntax.hpp"
#include "net/open_socket.hpp"

#include <cerrno>

#include <sys/socket.h>

namespace parley::detail {

std::string kind_of_file(const struct ::stat& st, const std::string& path) {
    switch (st.st_mode & S_IFMT) {
        case S_IFDIR:
            return "a directory";
        case S_IFIFO:
            return "a FIFO";
        case S_IFREG:
            return "a regular file";
        case S_IFCHR:
            return "a character device";
        case S_IFBLK:
            return "a block device";
        case S_IFSOCK:
            return "a socket";
        case S_IFLNK: {
            const auto target = sys::read_link(path.c_str());
            return target ? "a symbolic link to " + quote(*target) : "a symbolic link";
        }
        default:
            return "a file of an unknown kind";
    }
}

const char* use_of_socket(int type) noexcept {
    switch (type) {
        case SOCK_STREAM:
            return "streams";
        case SOCK_DGRAM:
            return "datagrams";
        case SOCK_SEQPACKET:
            return "packets";
        default:
            return "something else";
    }
}

error refused_connect(const address& a, const error_code& ec) {
    if (!a.is_unix() || a.is_abstract()) return address_error(a, ec, "connect");
    if (ec == sys::make_code(EPROTOTYPE))
        return address_error(
            a, ec, std::string("connect: the socket there is not for ") + use_of_socket(socket_type_for(a).type));
    if (ec == sys::make_code(ECONNREFUSED)) {
        const auto there = sys::stat(a.path().c_str());
        if (there && !S_ISSOCK(there->st_mode))
            return address_error(a, sys::make_code(ENOTSOCK),
                                 "connect: " + kind_of_file(*there, a.path()) + " is there");
        if (there) return address_error(a, ec, "connect: no server listens at the socket there");
    }
    return address_error(a, ec, "connect");
}

}  // namespace parley::detail
