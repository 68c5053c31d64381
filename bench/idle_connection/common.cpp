// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"

#include <cstring>

#include <malloc.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace idle {

clients::~clients() {
    for (const int socket : sockets_) ::close(socket);
}

void clients::connect_one(const bench::place& to) {
    if (sockets_.empty()) sockets_.reserve(1 << 16);  // before anybody measures
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, to.path().c_str(), to.path().size());
    sockets_.push_back(bench::check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    bench::check(::connect(sockets_.back(), reinterpret_cast<const sockaddr*>(&name), sizeof name), "connect");
}

double heap_in_use() {
    const auto all = ::mallinfo2();
    return static_cast<double>(all.uordblks + all.hblkhd);
}

}  // namespace idle
