// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/version.hpp>

#include "contenders.hpp"
#include "cores.hpp"

#include <boost/version.hpp>

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

namespace fan_in {

void play(bench::run& r, const std::function<void(std::size_t, std::size_t)>& send,
          const std::function<void(std::size_t, std::size_t)>& receive) {
    const auto bytes = static_cast<std::size_t>(r["bytes"]);
    const auto senders = static_cast<std::size_t>(r["senders"]);
    std::vector<pid_t> children;
    for (std::size_t sender = 0; sender < senders; ++sender) {
        const pid_t child = bench::check(::fork(), "fork");
        if (child == 0) {
            try {
                ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // also where the receiver hangs and is killed
                bench::pin_to_core(1);
                send(bytes, sender);
            } catch (const std::exception&) {  // the receiver misses the messages
            }
            ::_exit(0);
        }
        children.push_back(child);
    }
    std::exception_ptr failure;
    try {
        bench::pin_to_core(0);
        receive(bytes, senders);
    } catch (...) {
        failure = std::current_exception();
    }
    for (const pid_t child : children) ::kill(child, SIGKILL);
    for (const pid_t child : children) bench::check(::waitpid(child, nullptr, 0), "waitpid");
    if (failure) std::rethrow_exception(failure);
}

void play_over_sockets(bench::run& r, void (*send)(std::size_t, int),
                       void (*receive)(bench::run&, std::size_t, const std::vector<int>&)) {
    std::vector<int> here, there;
    for (long i = 0; i < r["senders"]; ++i) {
        std::array<int, 2> both{};
        bench::check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both.data()), "socketpair");
        here.push_back(both[0]);
        there.push_back(both[1]);
    }
    play(
        r,
        [&](std::size_t bytes, std::size_t sender) {
            for (const int socket : here) ::close(socket);
            send(bytes, there[sender]);
        },
        [&](std::size_t bytes, std::size_t) {
            for (const int socket : there) ::close(socket);
            receive(r, bytes, here);
        });
}

}  // namespace fan_in

int main(int argc, char* argv[]) {
    using namespace fan_in;
#ifdef PARLEY_BENCH_ZEROMQ
    int major = 0, minor = 0, patch = 0;
    zmq_version(&major, &minor, &patch);
    const auto zeromq = std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
#endif
    const bench::workload what{
        .name = "fan_in",
        .unit = "messages/s",
        .contenders =
            {
                {"raw epoll, 64 KiB a write", "", with_raw},
                {"parley channel", PARLEY_VERSION_STRING, with_channel},
                {"plain Asio", BOOST_LIB_VERSION, with_asio},
#ifdef PARLEY_BENCH_ZEROMQ
                {"ZeroMQ", zeromq, with_zeromq},
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
