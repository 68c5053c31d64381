// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/version.hpp>

#include "contenders.hpp"
#include "senders.hpp"

#include <boost/version.hpp>

#ifdef PARLEY_BENCH_LIBUV
#include <uv.h>
#endif
#ifdef PARLEY_BENCH_ZEROMQ
#include "zeromq_peer.hpp"
#endif

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
        1,
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
        1, [&](std::size_t) { send(bytes, where.c_str()); }, [&] { receive(r, bytes, where.c_str()); });
}

}  // namespace one_way

int main(int argc, char* argv[]) {
    using namespace one_way;
    const bench::workload what{
        .name = "one_way",
        .unit = "messages/s",
        .contenders =
            {
                {"raw, 64 KiB a write", "", with_raw},
                {"raw, a write each", "", with_raw_writes},
                {"parley channel", PARLEY_VERSION_STRING, with_channel},
                {"parley channel, batches", PARLEY_VERSION_STRING, with_channel_batch},
                {"plain Asio", BOOST_LIB_VERSION, with_asio},
#ifdef PARLEY_BENCH_LIBUV
                {"libuv", uv_version_string(), with_libuv},
#endif
#ifdef PARLEY_BENCH_ZEROMQ
                {"ZeroMQ", bench::zeromq_version(), with_zeromq},
#endif
            },
        .cases =
            {
                {{"bytes", 64}},
                {{"bytes", 1024}},
                {{"bytes", 65536}},
                {{"bytes", 1048576}},
            },
        .smoke_cases = {{{"bytes", 1024}}},
    };
    return bench::main_of(what, argc, argv);
}
