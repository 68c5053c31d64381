// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/version.hpp>

#include "contenders.hpp"
#include "senders.hpp"

#include <boost/version.hpp>

#ifdef PARLEY_BENCH_ZEROMQ
#include "zeromq_peer.hpp"
#endif

#include <array>
#include <string>

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
        there.size(),
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

int main(int argc, char* argv[]) {
    using namespace fan_in;
    const bench::workload what{
        .name = "fan_in",
        .unit = "messages/s",
        .contenders =
            {
                {"raw epoll, 64 KiB a write", "", with_raw},
                {"parley channel", PARLEY_VERSION_STRING, with_channel},
                {"plain Asio", BOOST_LIB_VERSION, with_asio},
#ifdef PARLEY_BENCH_ZEROMQ
                {"ZeroMQ", bench::zeromq_version(), with_zeromq},
#endif
            },
        .cases =
            {
                {{"bytes", 64}, {"senders", 8}},
                {{"bytes", 1024}, {"senders", 8}},
            },
        .smoke_cases = {{{"bytes", 1024}, {"senders", 2}}},
    };
    return bench::main_of(what, argc, argv);
}
