// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "cores.hpp"
#include "impls.hpp"
#include "senders.hpp"

#include <array>
#include <exception>
#include <string>

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
    const pid_t child = bench::check(::fork(), "fork");
    if (child == 0) {
        int status = 1;
        try {
            ::close(of.here);
            bench::pin(r.where(), bench::side::there);
            echo(bytes, of.there);
            status = 0;
        } catch (const std::exception&) {  // the status says it
        }
        ::_exit(status);
    }
    ::close(of.there);
    bench::pin(r.where(), bench::side::here);
    ask(r, bytes, of.here);
    int status = 0;
    bench::check(::waitpid(child, &status, 0), "waitpid");
    bench::require(status == 0, "the other side failed");
}

void play_at(bench::run& r, ask_at_function ask, echo_at_function echo) {
    const auto bytes = static_cast<std::size_t>(r["bytes"]);
    const bench::place at;
    const std::string where = "ipc://" + at.path();
    bench::with_senders(
        r.where(), 1, [&](std::size_t) { echo(bytes, where.c_str()); }, [&] { ask(r, bytes, where.c_str()); });
}

}  // namespace ping_pong
