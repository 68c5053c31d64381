// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "senders.hpp"

#include <array>

#include <sys/socket.h>
#include <unistd.h>

namespace fan_in {

void play(bench::run& r, void (*send)(std::size_t, int),
          void (*receive)(bench::run&, std::size_t, const std::vector<int>&)) {
    std::vector<int> here, there;
    for (long i = 0; i < r["senders"]; ++i) {
        std::array<int, 2> both{};
        bench::check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both.data()), "socketpair");
        here.push_back(both[0]);
        there.push_back(both[1]);
    }
    const auto bytes = static_cast<std::size_t>(r["bytes"]);
    bench::with_senders(
        r.where(), there.size(),
        [&](std::size_t sender) {
            for (const int socket : here) ::close(socket);
            send(bytes, there[sender]);
        },
        [&] {
            for (const int socket : there) ::close(socket);
            receive(r, bytes, here);
        });
}

}  // namespace fan_in
