// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "senders.hpp"

#include <array>
#include <string>

#include <sys/socket.h>
#include <unistd.h>

namespace one_way {

void play(bench::run& r, send_function send, receive_function receive) {
    const auto bytes = static_cast<std::size_t>(r["bytes"]);
    std::array<int, 2> both{};
    bench::check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both.data()), "socketpair");
    bench::with_senders(
        r.where(), 1,
        [&](std::size_t) {
            ::close(both[0]);
            send(bytes, both[1]);
        },
        [&] {
            ::close(both[1]);
            receive(r, bytes, both[0]);
        });
}

void play_at(bench::run& r, send_to_function send, receive_at_function receive) {
    const auto bytes = static_cast<std::size_t>(r["bytes"]);
    const bench::place at;
    const std::string where = "ipc://" + at.path();
    bench::with_senders(
        r.where(), 1, [&](std::size_t) { send(bytes, where.c_str()); }, [&] { receive(r, bytes, where.c_str()); });
}

}  // namespace one_way
