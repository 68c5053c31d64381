// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "cores.hpp"
#include "impls.hpp"
#include "plain_frames.hpp"
#include "senders.hpp"

#include <array>
#include <exception>
#include <functional>

#include <sys/socket.h>
#include <unistd.h>

namespace fan_out {
namespace {

// What a receiver says when its run is over. A child that fails says that it took no time.
struct report {
    double amount = 0;
    double seconds = 0;
};

void say(int to, const report& what) { bench::check(static_cast<int>(::write(to, &what, sizeof what)), "write"); }

using process_function = std::function<void(received& messages, std::size_t receiver)>;

// The last child sends; this process waits for what the receivers report.
void play_all(bench::run& r, const std::function<void()>& send, const process_function& receive) {
    const auto bytes = static_cast<std::size_t>(r["bytes"]);
    const auto receivers = static_cast<std::size_t>(r["receivers"]);
    std::array<int, 2> reports{};
    bench::check(::pipe(reports.data()), "pipe");
    const auto work = [&](std::size_t child) {
        try {
            bench::pin(r.where(), child < receivers ? bench::side::there : bench::side::here);
            bench::run mine = r.share(static_cast<long>(receivers));
            received messages(mine, bytes, reports[1]);
            if (child < receivers)
                receive(messages, child);
            else
                send();
        } catch (const std::exception&) {
            say(reports[1], {});
        }
    };
    double amount = 0, rate = 0;
    bench::with_children(receivers + 1, work, [&] {
        for (std::size_t i = 0; i < receivers; ++i) {
            report one;
            bench::require(::read(reports[0], &one, sizeof one) == sizeof one, "a report is missing");
            bench::require(one.seconds > 0, "a receiver or the sender has failed");
            amount += one.amount;
            rate += one.amount / one.seconds;
        }
    });
    for (const int end : reports) ::close(end);
    r.set(amount, amount / rate);
}

}  // namespace

void received::report() {
    say(report_, {run_.amount(), run_.seconds()});
    reported_ = true;
}

void play(bench::run& r, void (*send)(std::size_t, const std::vector<int>&),
          void (*receive)(received&, std::size_t, int)) {
    std::vector<int> here, there;
    for (long i = 0; i < r["receivers"]; ++i) {
        std::array<int, 2> both{};
        bench::check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both.data()), "socketpair");
        here.push_back(both[0]);
        there.push_back(both[1]);
    }
    const auto bytes = static_cast<std::size_t>(r["bytes"]);
    play_all(
        r, [&] { send(bytes, here); },
        [&](received& messages, std::size_t receiver) { receive(messages, bytes, there[receiver]); });
    for (const int socket : here) ::close(socket);
    for (const int socket : there) ::close(socket);
}

void play_at(bench::run& r, void (*send)(std::size_t, const std::vector<std::string>&),
             void (*receive)(received&, std::size_t, const std::string&)) {
    const bench::place at;
    std::vector<std::string> paths;
    for (long i = 0; i < r["receivers"]; ++i) paths.push_back("ipc://" + at.path() + std::to_string(i));
    const auto bytes = static_cast<std::size_t>(r["bytes"]);
    play_all(
        r, [&] { send(bytes, paths); },
        [&](received& messages, std::size_t receiver) { receive(messages, bytes, paths[receiver]); });
}

void receive_frames(received& messages, std::size_t bytes, int socket) {
    bench::frame_reader in(bytes);
    while (in.read_some(socket, messages)) {}
}

}  // namespace fan_out
