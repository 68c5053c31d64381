// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "child_faults.hpp"

#include "core/syscall.hpp"

#include <parley/process/run.hpp>
#include <parley/process/spawn.hpp>

#include <boost/asio/io_context.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace parley;

namespace {

using words = std::vector<std::string>;

void say(const std::string& line) {
    const std::string text = line + "\n";
    if (::write(1, text.data(), text.size()) < 0) std::exit(99);
}

exit_status end_of(asio::io_context& io, child& c) {
    exit_status told;
    c.async_wait([&](error_code, exit_status s) { told = s; });
    io.restart();
    io.run();
    return told;
}

auto open_descriptors() { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); }

// Of the one thread there is.
auto children() {
    std::ifstream list("/proc/self/task/" + std::to_string(::getpid()) + "/children");
    return std::distance(std::istream_iterator<int>(list), {});
}

std::string exit_marker;

void mark_exit() {
    const int fd = ::open(exit_marker.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (::write(fd, "x", 1) != 1) ::_exit(99);
}

std::pair<error_code, run_result> run(asio::io_context& io, const command& what, const run_options& options) {
    std::pair<error_code, run_result> told;
    async_run(io.get_executor(), what, options, [&](error_code ec, run_result r) { told = {ec, std::move(r)}; });
    io.restart();
    io.run();
    return told;
}

}  // namespace

int leave_children(const words& w) {
    const auto leave = [](const argument_list& mode, std::chrono::milliseconds grace) {
        asio::io_context io;  // whose end hands the child over
        auto started =
            spawn(io.get_executor(),
                  {.program = "/proc/self/exe", .arguments = mode, .out = stdio::pipe(), .stop = {SIGTERM, grace}});
        if (!started) std::exit(3);
        for (char c = 0; c != 'y';) {  // the end of "ready"
            pollfd out{started->out().native_handle(), POLLIN, 0};
            ::poll(&out, 1, -1);
            if (::read(out.fd, &c, 1) != 1) std::exit(4);
        }
        return started->pid();
    };
    if (w.at(0) == "endless") {
        const auto deaf = leave({"ignore", std::to_string(SIGTERM)}, std::chrono::milliseconds(100));
        leave({"ready"}, std::chrono::milliseconds::max());
        say(std::to_string(deaf));
        return 0;
    }
    static bool refused = false;
    sys::set_fault_hook(
        [](sys::call c) noexcept { return c == sys::call::thread && !std::exchange(refused, true) ? EAGAIN : 0; });
    std::vector<pid_t> left;
    for (int i = 0; i < 2; ++i) left.push_back(leave({"ready"}, std::chrono::hours(1)));
    for (const pid_t pid : left)
        for (int tries = 0; ::kill(pid, 0) == 0 && tries < 20'000; ++tries) ::usleep(1000);
    say(refused ? "refused" : "not refused");
    return 0;
}

int start_one(const words&) {
    asio::io_context io;
    auto started = spawn(io.get_executor(), {.program = "/bin/true"});
    say(started ? to_string(end_of(io, *started)) : started.error().message());
    return 0;
}

int fail_to_start(const words& w) {
    exit_marker = w.at(0);
    std::atexit(mark_exit);
    std::printf("at the end\n");
    asio::io_context io;
    if (!spawn(io.get_executor(), {.program = "/no/such/program"}).has_error()) return 1;
    say(std::filesystem::exists(exit_marker) ? "marked" : "not marked");
    return 0;
}

int start_until_refused(const words&) {
    asio::io_context io;
    const command sleeper{
        .program = "/bin/sleep", .arguments = {"1000"}, .in = stdio::pipe(), .stop = stop_policy::kill()};
    std::vector<child> all;
    for (;;) {
        const auto before = open_descriptors();
        auto started = spawn(io.get_executor(), sleeper);
        if (started) {
            all.push_back(std::move(*started));
            if (all.size() < 1000) continue;
        }
        say(std::to_string(all.size()) + " started");
        say(std::to_string(children()) + " children");
        say(started ? "no error" : started.error().message());
        say(std::to_string(open_descriptors() - before) + " descriptors left");
        break;
    }
    all.clear();
    io.run();
    return 0;
}

int small_pipes(const words& w) {
    std::vector<unique_fd> many;
    for (int left = std::atoi(w.at(0).c_str()); left >= 0; --left) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) {
            say(std::string("cannot: ") + std::strerror(errno));
            return 1;
        }
        for (const int fd : ends) many.emplace_back(fd);
    }
    say(std::to_string(::fcntl(many.back().get(), F_GETPIPE_SZ)));
    asio::io_context io;
    std::string input;
    while (input.size() < 1 << 20) input += std::to_string(input.size()) + "\n";
    const command echo{.program = "/bin/cat"};
    const auto [echo_ec, echoed] = run(io, echo, {.input = input});
    say(!echo_ec && echoed.status.success() && echoed.out == input ? "whole" : echo_ec.message());
    const command flood{.program = "/proc/self/exe", .arguments = {"flood", "1048576"}};
    const auto [flood_ec, flooded] = run(io, flood, {});
    const bool all = flooded.out.size() == 1 << 20 && flooded.err.size() == 1 << 20 && flooded.drained;
    say(!flood_ec && flooded.status.success() && all ? "whole" : flood_ec.message());
    // A capacity that is asked for and not granted is a wish.
    command wide = echo;
    wide.in = wide.out = stdio::pipe(1 << 20);
    const auto [wide_ec, wider] = run(io, wide, {.input = input});
    say(!wide_ec && wider.out == input ? "whole" : wide_ec.message());
    return 0;
}

int hold(const words& w) {
    for (const auto& pid : w) {
        if (::ptrace(PTRACE_SEIZE, std::atoi(pid.c_str()), nullptr, nullptr) == 0) continue;
        say(std::string("cannot: ") + std::strerror(errno));
        return 1;
    }
    say("ready");
    std::size_t ended = 0;
    while (ended < w.size()) {
        int status = 0;
        if (::waitpid(-1, &status, __WALL) < 0) return 2;
        if (WIFEXITED(status) || WIFSIGNALED(status)) ++ended;
    }
    return 0;
}
