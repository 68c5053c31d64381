// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/version.hpp>

#include "contenders.hpp"
#include "cores.hpp"

#include <boost/version.hpp>

#ifdef PARLEY_BENCH_LIBUV
#include <uv.h>
#endif

#include <array>
#include <exception>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ping_pong {
ends make_ends() {
    std::array<int, 2> both{};
    bench::check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both.data()), "socketpair");
    return {both[0], both[1]};
}

void play(bench::run& r, ends of, ask_function ask, echo_function echo) {
    const auto bytes = static_cast<std::size_t>(r["bytes"]);
    const int other_core = r["cores"] == 1 ? 0 : 1;
    const pid_t child = bench::check(::fork(), "fork");
    if (child == 0) {
        int status = 1;
        try {
            ::close(of.here);
            bench::pin_to_core(other_core);
            echo(bytes, of.there);
            status = 0;
        } catch (const std::exception&) {  // the status says it
        }
        ::_exit(status);
    }
    ::close(of.there);
    bench::pin_to_core(0);
    ask(r, bytes, of.here);
    int status = 0;
    bench::check(::waitpid(child, &status, 0), "waitpid");
    bench::require(status == 0, "the other side failed");
}

}  // namespace ping_pong

int main(int argc, char* argv[]) {
    using namespace ping_pong;
    const bench::workload what{
        .name = "ping_pong",
        .unit = "round trips/s",
        .contenders =
            {
                {"raw blocking", "", with_raw},
                {"raw epoll", "", with_raw_epoll},
                {"raw spin", "", with_raw_spin},
                {"parley", PARLEY_VERSION_STRING, with_parley},
                {"parley, busy polling", PARLEY_VERSION_STRING, with_parley_busy},
                {"parley channel", PARLEY_VERSION_STRING, with_channel},
                {"parley channel, busy polling", PARLEY_VERSION_STRING, with_channel_busy},
                {"plain Asio callbacks", BOOST_LIB_VERSION, with_asio_callbacks},
                {"plain Asio coroutines", BOOST_LIB_VERSION, with_asio},
#ifdef PARLEY_BENCH_LIBUV
                {"libuv", uv_version_string(), with_libuv},
#endif
            },
        .cases =
            {
                {{"bytes", 64}, {"cores", 1}},
                {{"bytes", 65536}, {"cores", 1}},
                {{"bytes", 64}, {"cores", 2}},
                {{"bytes", 65536}, {"cores", 2}},
            },
        .smoke_cases = {{{"bytes", 65536}, {"cores", 1}}},
    };
    return bench::main_of(what, argc, argv);
}
