// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/version.hpp>

#include "contenders.hpp"
#include "cores.hpp"

#include <boost/version.hpp>

#ifdef PARLEY_BENCH_LIBUV
#include <uv.h>
#endif
#ifdef PARLEY_BENCH_ZEROMQ
#include <zmq.h>
#endif

#include <array>
#include <exception>
#include <string>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace one_way {
namespace {

// Sends in a child and receives here.
template <typename Send, typename Receive>
void in_two_processes(Send send, Receive receive) {
    const pid_t child = bench::check(::fork(), "fork");
    if (child == 0) {
        try {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // also where the receiver hangs and is killed
            bench::pin_to_core(1);
            send();
        } catch (const std::exception&) {  // the receiver misses the messages
        }
        ::_exit(0);
    }
    std::exception_ptr failure;
    try {
        bench::pin_to_core(0);
        receive();
    } catch (...) {
        failure = std::current_exception();
    }
    ::kill(child, SIGKILL);
    bench::check(::waitpid(child, nullptr, 0), "waitpid");
    if (failure) std::rethrow_exception(failure);
}

}  // namespace

void play(bench::run& r, send_function send, receive_function receive) {
    const auto bytes = static_cast<std::size_t>(r["bytes"]);
    std::array<int, 2> both{};
    bench::check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both.data()), "socketpair");
    in_two_processes(
        [&] {
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
    in_two_processes([&] { send(bytes, where.c_str()); }, [&] { receive(r, bytes, where.c_str()); });
}

}  // namespace one_way

int main(int argc, char* argv[]) {
    using namespace one_way;
#ifdef PARLEY_BENCH_ZEROMQ
    int major = 0, minor = 0, patch = 0;
    zmq_version(&major, &minor, &patch);
    const auto zeromq = std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
#endif
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
                {"ZeroMQ", zeromq, with_zeromq},
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
