// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The children of the tests: each mode is one behaviour. A mode that waits says "ready" first.

#include "child_duty.hpp"
#include "child_faults.hpp"
#include "child_net.hpp"
#include "child_prefork.hpp"
#include "child_trees.hpp"

#include <parley/core/error.hpp>
#include <parley/process/run.hpp>
#include <parley/process/spawn.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using words = std::vector<std::string>;

void say(const std::string& line) {
    const std::string text = line + "\n";
    if (::write(1, text.data(), text.size()) < 0) std::exit(99);
}

[[noreturn]] void wait_for_ever() {
    for (;;) ::pause();
}

int number(const std::string& text) { return std::atoi(text.c_str()); }

// exit CODE
int exit_with(const words& w) { return number(w.at(0)); }

// kill-self SIGNAL: by default action, without a core file
int kill_self(const words& w) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::raise(number(w.at(0)));
    return 98;
}

// ready: says so and waits for a signal
int ready(const words&) {
    say("ready");
    wait_for_ever();
}

// ignore SIGNAL...: says "ready" once they are ignored, and waits
int ignore(const words& w) {
    for (const auto& s : w) std::signal(number(s), SIG_IGN);
    return ready(w);
}

// last-words: waits for SIGTERM and says so on standard error before it ends
int last_words(const words& w) {
    std::signal(SIGTERM, [](int) {
        const auto written = ::write(2, "last words\n", 11);
        ::_exit(written == 11 ? 7 : 1);
    });
    return ready(w);
}

// arguments ...: each on a line of its own, newline shown as \n
int arguments(const words& w) {
    for (auto word : w) {
        for (std::size_t at = 0; (at = word.find('\n', at)) != std::string::npos;) word.replace(at, 1, "\\n");
        say("[" + word + "]");
    }
    return 0;
}

// environment: every variable
int environment(const words&) {
    for (char** entry = environ; *entry; ++entry) say(*entry);
    return 0;
}

// descriptors: "number device:inode" of every open one
int descriptors(const words&) {
    std::map<int, std::string> found;
    DIR* listing = ::opendir("/proc/self/fd");
    const int own = ::dirfd(listing);
    while (const dirent* entry = ::readdir(listing)) {
        const int fd = number(entry->d_name);
        struct stat st {};
        if (entry->d_name[0] == '.' || fd == own || ::fstat(fd, &st) != 0) continue;
        found[fd] = std::to_string(st.st_dev) + ":" + std::to_string(st.st_ino);
    }
    ::closedir(listing);
    for (const auto& [fd, what] : found) say(std::to_string(fd) + " " + what);
    return 0;
}

// state FILE ...: what it was started with goes into FILE: descriptors, words, directory, mask, variables, a NUL after
// each
int state(const words& w) {
    std::ostringstream report;
    constexpr int most = 64;
    for (int fd = 0; fd < most; ++fd) {
        struct stat st {};
        const int flags = ::fcntl(fd, F_GETFL);
        if (flags < 0 || ::fstat(fd, &st) != 0) continue;
        report << "descriptor " << fd << ": " << st.st_dev << ':' << st.st_ino << ' '
               << (flags & (O_ACCMODE | O_APPEND)) << '\0';
    }
    std::ifstream own_words("/proc/self/cmdline", std::ios::binary);
    for (std::string word; std::getline(own_words, word, '\0');) report << "word " << word << '\0';
    char directory[4096];
    report << "directory " << (::getcwd(directory, sizeof directory) ? directory : "?") << '\0';
    report << "mask " << ::umask(0) << '\0';
    std::set<std::string> sorted;
    for (char** entry = environ; *entry; ++entry) sorted.insert(*entry);
    for (const auto& each : sorted) report << "variable " << each << '\0';
    std::ofstream(w.at(0), std::ios::binary) << report.str();
    return 0;
}

// signals: the kernel's view of mask and dispositions before anything in this program changed them
int signals(const words&) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("SigBlk") || line.starts_with("SigIgn")) say(line);
    return 0;
}

// ids: pid, process group, session
int ids(const words&) {
    say(std::to_string(::getpid()) + " " + std::to_string(::getpgrp()) + " " + std::to_string(::getsid(0)));
    return 0;
}

// echo: standard input to standard output
int echo(const words&) {
    char block[65536];
    for (ssize_t n; (n = ::read(0, block, sizeof block)) != 0;) {
        if (n < 0) return 1;
        for (ssize_t done = 0; done < n;) {
            const ssize_t written = ::write(1, block + done, static_cast<std::size_t>(n - done));
            if (written < 0) return 2;
            done += written;
        }
    }
    return 0;
}

// flood BYTES: so many to standard output and as many to standard error, in turn
int flood(const words& w) {
    const std::string block(4096, 'x');
    for (long left = std::atol(w.at(0).c_str()); left > 0; left -= static_cast<long>(block.size()))
        for (const int fd : {1, 2})
            if (::write(fd, block.data(), block.size()) < 0) return 1;
    return 0;
}

// pipe-capacity BYTES: writes BYTES to standard output, then says on standard error how much that pipe holds
int pipe_capacity(const words& w) {
    const std::string block(4096, 'x');
    for (long left = std::atol(w.at(0).c_str()); left > 0; left -= static_cast<long>(block.size()))
        if (::write(1, block.data(), block.size()) < 0) return 1;
    std::cerr << ::fcntl(1, F_GETPIPE_SZ) << std::endl;
    return 0;
}

// leave-grandchild: ends at once; a grandchild keeps the streams open until it is killed, its pid is printed
int leave_grandchild(const words&) {
    const pid_t pid = ::fork();
    if (pid == 0) wait_for_ever();
    say(std::to_string(pid));
    return 0;
}

// trace PID: seizes the process, says "ready", holds on until standard input ends
int trace(const words& w) {
    const pid_t pid = number(w.at(0));
    if (::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0) {
        say(std::string("cannot: ") + std::strerror(errno));
        return 1;
    }
    say("ready");
    char c;
    while (::read(0, &c, 1) > 0) {}
    return 0;
}

// without-streams: the standard streams are closed before parley begins; what it and its child have open goes into FILE
int without_streams(const words& w) {
    for (int fd = 0; fd < 3; ++fd) ::close(fd);
    std::string report;
    parley::asio::io_context io;
    {
        auto started = parley::spawn(io.get_executor(),
                                     {.program = "/bin/sh",
                                      .arguments = {"-c", "cat; for f in /proc/self/fd/*; do readlink $f; done"},
                                      .in = parley::stdio::pipe(),
                                      .out = parley::stdio::pipe()});
        if (!started) return 3;
        for (const int fd : {started->in().native_handle(), started->out().native_handle(), started->pidfd().fd})
            report += fd < 3 ? "low\n" : "high\n";
        parley::asio::co_spawn(
            io, [](parley::child& c) -> parley::task<> { co_await c.async_stop(); }(*started), parley::asio::detached);
        io.run();
    }
    // The same with the streams inherited: the child gets /dev/null for each.
    io.restart();
    auto plain = parley::spawn(
        io.get_executor(),
        {.program = "/bin/sh",
         .arguments = {"-c", "for n in 0 1 2; do readlink /proc/$$/fd/$n; done > \"$0\"", w.at(0) + ".child"}});
    if (!plain) return 4;
    parley::asio::co_spawn(
        io, [](parley::child& c) -> parley::task<> { co_await c.async_wait(); }(*plain), parley::asio::detached);
    io.run();
    std::ofstream(w.at(0)) << report;
    return 0;
}

// leave-deaf-child: starts a child that ignores SIGTERM, says its pid and returns from main without a loop that runs
int leave_deaf_child(const words& w) {
    parley::asio::io_context io;
    auto started = parley::spawn(io.get_executor(), {.program = "/proc/self/exe",
                                                     .arguments = {"ignore", std::to_string(SIGTERM)},
                                                     .out = parley::stdio::pipe(),
                                                     .stop = {SIGTERM, std::chrono::milliseconds(number(w.at(0)))}});
    if (!started) return 3;
    char c = 0;
    while (c != 'y') {  // the end of "ready"
        pollfd out{started->out().native_handle(), POLLIN, 0};
        ::poll(&out, 1, -1);
        if (::read(out.fd, &c, 1) != 1) return 4;
    }
    say(std::to_string(started->pid()));
    return 0;
}

// pid-reuse: as the first process of a PID namespace; a child ends and is reaped, a victim gets its pid, all ways to
// signal the child are tried, the victim must live
int pid_reuse(const words&) {
    parley::asio::io_context io;
    auto started = parley::spawn(io.get_executor(), {.program = "/bin/true"});
    if (!started) return 3;
    const pid_t pid = started->pid();
    parley::asio::co_spawn(
        io, [](parley::child& c) -> parley::task<> { co_await c.async_wait(); }(*started), parley::asio::detached);
    io.run();
    std::ofstream("/proc/sys/kernel/ns_last_pid") << pid - 1;
    const pid_t victim = ::fork();
    if (victim == 0) wait_for_ever();
    if (victim != pid) {
        say("no reuse");
        ::kill(victim, SIGKILL);
        return 77;
    }
    const bool refused = started->send_signal(SIGKILL).has_error();
    io.restart();
    parley::asio::co_spawn(
        io, [](parley::child& c) -> parley::task<> { co_await c.async_stop(parley::stop_policy::kill()); }(*started),
        parley::asio::detached);
    io.run();
    *started = parley::child();
    io.restart();
    io.run();
    const bool alive = ::waitpid(victim, nullptr, WNOHANG) == 0;
    ::kill(victim, SIGKILL);
    say(refused && alive ? "victim lives" : "victim was hit");
    return refused && alive ? 0 : 1;
}

// parent-of-mortal [USER]: starts a child that is to die with it, says the child's pid, waits for ever
int parent_of_mortal(const words& w) {
    parley::asio::io_context io;
    parley::command mortal{.program = "/bin/sleep", .arguments = {"1000"}, .die_with_parent = true};
    if (!w.empty()) mortal.run_as = {static_cast<uid_t>(number(w[0])), static_cast<gid_t>(number(w[0]))};
    auto started = parley::spawn(io.get_executor(), mortal);
    if (!started) return 3;
    say(std::to_string(started->pid()));
    wait_for_ever();
}

}  // namespace

int main(int argc, char* argv[]) {
    const std::map<std::string, std::function<int(const words&)>> modes{
        {"exit", exit_with},
        {"kill-self", kill_self},
        {"ready", ready},
        {"ignore", ignore},
        {"last-words", last_words},
        {"arguments", arguments},
        {"environment", environment},
        {"descriptors", descriptors},
        {"signals", signals},
        {"state", state},
        {"ids", ids},
        {"echo", echo},
        {"flood", flood},
        {"pipe-capacity", pipe_capacity},
        {"leave-grandchild", leave_grandchild},
        {"trace", trace},
        {"without-streams", without_streams},
        {"pid-reuse", pid_reuse},
        {"leave-deaf-child", leave_deaf_child},
        {"leave-children", leave_children},
        {"parent-of-mortal", parent_of_mortal},
        {"prefork", prefork_workers},
        {"activated", serve_activated},
        {"start-one", start_one},
        {"fail-to-start", fail_to_start},
        {"start-until-refused", start_until_refused},
        {"small-pipes", small_pipes},
        {"hold", hold},
        {"daemon", daemonize},
        {"successor", successor},
        {"jobs", jobs},
        {"fork-relay", fork_relay},
        {"fork-bomb", fork_bomb},
        {"respawners", respawners},
        {"tree-means", tree_means},
        {"tree-host", tree_host},
        {"tree-that-dies-with-it", tree_that_dies_with_it},
        {"trees-that-die-with-it", trees_that_die_with_it},
        {"tree-in-tree", tree_in_tree},
        {"watch-directory", watch_directory},
        {"tree-left-behind", tree_left_behind},
        {"parent-killed-in-prctl", parent_killed_in_prctl},
        {"first-process", first_process},
        {"tree-with-outsider", tree_with_outsider},
        {"duty", duty},
        {"duty-number-again", duty_number_again},
    };
    const auto found = argc > 1 ? modes.find(argv[1]) : modes.end();
    if (found == modes.end()) {
        std::cerr << "usage: " << argv[0] << " MODE ...\n";
        return 64;
    }
    return found->second(words(argv + 2, argv + argc));
}
