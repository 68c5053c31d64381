// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/version.hpp>

#include "contenders.hpp"

#include <boost/version.hpp>

#ifdef PARLEY_BENCH_LIBUV
#include <uv.h>
#endif

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

int main(int argc, char* argv[]) {
    using namespace idle;
    const bench::workload what{
        .name = "idle_connection",
        .unit = "bytes/connection",
        .contenders =
            {
                {"plain Asio", BOOST_LIB_VERSION, with_asio},
                {"parley", PARLEY_VERSION_STRING, with_parley},
                {"parley, generic", PARLEY_VERSION_STRING, with_parley_generic},
                {"parley channel", PARLEY_VERSION_STRING, with_channel},
                {"parley channel, callbacks", PARLEY_VERSION_STRING, with_channel_callbacks},
#ifdef PARLEY_BENCH_LIBUV
                {"libuv", uv_version_string(), with_libuv},
#endif
            },
        .cases = {{{"connections", 4000}, {"reading", 0}}, {{"connections", 4000}, {"reading", 1}}},
        .smoke_cases = {{{"connections", 50}, {"reading", 1}}},
    };
    return bench::main_of(what, argc, argv);
}
