// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "child_prefork.hpp"

#include "core/syscall.hpp"

#include <parley/process/prefork.hpp>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <thread>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace asio = boost::asio;
using local = asio::local::stream_protocol;
using namespace std::chrono_literals;

namespace {

void say(const std::string& line) {
    const std::string text = line + "\n";
    if (::write(1, text.data(), text.size()) < 0) std::exit(99);
}

int listening_socket(const std::string& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
    if (::bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0 || ::listen(fd, 64) != 0) std::exit(98);
    return fd;
}

parley::task<> for_ever() {
    asio::steady_timer never(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    co_await never.async_wait(asio::use_awaitable);
}

// The worker's index and pid to whoever connects.
parley::task<> answer(parley::worker& w, local::socket peer) {
    const std::string text = std::to_string(w.index()) + " " + std::to_string(::getpid()) + "\n";
    co_await asio::async_write(peer, asio::buffer(text), asio::use_awaitable);
}

parley::task<> share(parley::worker& w, int listener) {
    local::acceptor acceptor(w.context(), local(), listener);
    for (;;) co_await answer(w, co_await acceptor.async_accept(asio::use_awaitable));
}

parley::task<> take_what_comes(parley::worker& w) {
    for (;;) {
        auto connection = co_await w.async_connection();
        local::socket peer(w.context(), local(), connection.release());
        co_await answer(w, std::move(peer));
    }
}

}  // namespace

int prefork_workers(const std::vector<std::string>& w) {
    const std::string work = w.at(0), extra = w.size() > 1 ? w[1] : "";
    const bool listens = work == "share" || work == "hand-out";
    const int listener = listens ? listening_socket(extra) : -1;
    parley::prefork_options options{.workers = 2, .young = 1h, .first_delay = 2ms, .last_delay = 16ms};
    if (work == "wait" || work == "print") options.young = 0ms;  // replaced at once
    if (work == "hand-out") options.hand_out = listener;
    if (work == "deaf") options.stop.grace = 20ms;
    options.on_start = [](unsigned index, pid_t pid) {
        say("start " + std::to_string(index) + " " + std::to_string(pid));
    };
    options.on_end = [](const parley::worker_end& e) {
        say("end " + std::to_string(e.index) + " " + std::to_string(e.pid) + " " + to_string(e.status) + " " +
            (e.respawn_in ? std::to_string(e.respawn_in->count()) : "-"));
    };
    std::thread busy;
    if (work == "threads") busy = std::thread([] { std::this_thread::sleep_for(200ms); });
    if (work == "print") std::fputs("[unflushed]", stdout);
    static int waits = 0;
    if (work == "unreapable")
        parley::sys::set_fault_hook(
            [](parley::sys::call c) noexcept { return c == parley::sys::call::waitid ? EIO : 0; });
    if (work == "count-waits")
        parley::sys::set_fault_hook([](parley::sys::call c) noexcept {
            waits += c == parley::sys::call::waitid ? 1 : 0;
            return 0;
        });
    const auto code = parley::prefork(options, [&](parley::worker& self) -> parley::task<int> {
        if (work == "throw") throw std::runtime_error("no good");
        if (work == "unreapable") co_return 0;
        if (work == "exit") co_return std::stoi(extra);
        if (work == "deaf")
            for (;;) ::pause();
        if (work == "share") co_await share(self, listener);
        if (work == "hand-out") co_await take_what_comes(self);
        co_await for_ever();
        co_return 0;
    });
    if (busy.joinable()) busy.join();
    if (work == "count-waits") say("waits " + std::to_string(waits) + " 0");
    if (!code) {
        std::cerr << code.error() << '\n';
        return 9;
    }
    return *code;
}
