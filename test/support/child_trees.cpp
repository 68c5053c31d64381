// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "child_trees.hpp"

#include "old_cgroups.hpp"

#include "core/syscall.hpp"
#include "process/process_table.hpp"
#include "process/tree_watcher.hpp"

#include <parley/core/error.hpp>
#include <parley/process/init_duty.hpp>
#include <parley/process/process_tree.hpp>
#include <parley/process/spawn.hpp>
#include <parley/signal/signal_watcher.hpp>

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <new>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

void say(const std::string& line) {
    const std::string text = line + "\n";
    if (::write(1, text.data(), text.size()) < 0) std::exit(99);
}

[[noreturn]] void wait_for_ever() {
    for (;;) ::pause();
}

int ready() {
    say("ready");
    wait_for_ever();
}

int number(const std::string& text) { return std::atoi(text.c_str()); }

}  // namespace

int daemonize(const std::vector<std::string>&) {
    int ready[2];
    if (::pipe(ready) != 0) return 3;
    const pid_t middle = ::fork();
    if (middle == 0) {
        ::setsid();
        const pid_t grandchild = ::fork();
        if (grandchild == 0) {
            const pid_t self = ::getpid();
            if (::write(ready[1], &self, sizeof self) < 0) ::_exit(4);
            wait_for_ever();
        }
        ::_exit(0);
    }
    ::waitpid(middle, nullptr, 0);
    pid_t grandchild = 0;
    if (::read(ready[0], &grandchild, sizeof grandchild) != sizeof grandchild) return 5;
    say(std::to_string(grandchild));
    return 0;
}

int successor(const std::vector<std::string>&) {
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &term, nullptr);
    say("ready");
    int got = 0;
    ::sigwait(&term, &got);
    if (::fork() != 0) return 0;
    ::setsid();
    ::sigprocmask(SIG_UNBLOCK, &term, nullptr);
    wait_for_ever();
}

int jobs(const std::vector<std::string>& w) {
    for (int i = 0; i < number(w.at(0)); ++i)
        if (::fork() == 0) {
            ::setpgid(0, 0);
            return ready();
        }
    return ready();
}

// A storm that a test could not stop stops by itself.
bool has_lasted() {
    static const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(90);  // copies inherit it
    return std::chrono::steady_clock::now() >= end;
}

int fork_relay(const std::vector<std::string>& w) {
    has_lasted();
    for (int i = 0; i < number(w.at(0)); ++i) {
        if (::fork() != 0) continue;
        while (!has_lasted()) {
            const pid_t next = ::fork();
            if (next > 0) ::_exit(0);
        }
        ::_exit(0);
    }
    return ready();
}

int fork_bomb(const std::vector<std::string>& w) {
    void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return 3;
    auto& made = *new (page) std::atomic<int>(0);
    const int limit = number(w.at(0));
    say("ready");
    for (int forked = 0; forked < 3 && made.fetch_add(1) < limit; ++forked)
        if (::fork() == 0) {
            ::setsid();
            forked = -1;
        }
    wait_for_ever();
}

int respawners(const std::vector<std::string>& w) {
    const int count = number(w.at(0));
    const bool sessions = w.at(1) == "session";
    ::signal(SIGCHLD, SIG_IGN);
    // Each holds the lock of its place; the kernel lets go of it when the process ends.
    const int places = ::memfd_create("places", MFD_CLOEXEC);
    const auto lock_of = [](int place) {
        struct flock lock {};
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        lock.l_start = place;
        lock.l_len = 1;
        return lock;
    };
    int own = -1;
    const auto take = [&](int place) {
        auto lock = lock_of(place);
        if (::fcntl(places, F_SETLK, &lock) != 0) ::_exit(0);  // another was faster
        own = place;
    };
    take(0);
    for (bool told = false; !has_lasted();) {
        bool all_taken = true;
        for (int place = 0; place < count; ++place) {
            auto lock = lock_of(place);
            if (place == own || ::fcntl(places, F_GETLK, &lock) != 0 || lock.l_type != F_UNLCK) continue;
            all_taken = false;
            if (::fork() != 0) continue;
            told = true;
            take(place);
            if (sessions) ::setsid();
            ::signal(SIGTERM, place % 2 == 0 ? SIG_IGN : SIG_DFL);
        }
        if (all_taken && !std::exchange(told, true)) say("ready");
        ::usleep(200);
    }
    return 0;
}

int tree_means(const std::vector<std::string>&) {
    parley::asio::io_context io;
    const parley::command leader{.program = "/bin/sleep", .arguments = {"1000"}, .stop = parley::stop_policy::kill()};
    auto tree = parley::spawn_tree(io.get_executor(), leader);
    if (!tree) {
        say(tree.error().message());
        return 3;
    }
    say(std::string(to_string(tree->means())) + ": " + tree->why_no_cgroup().message());
    *tree = parley::process_tree();
    io.run();
    return 0;
}

int first_process(const std::vector<std::string>&) {
    if (::getpid() != 1) return 77;
    parley::asio::io_context io;
    parley::signal_watcher signals(io.get_executor(), {SIGTERM});
    parley::init_duty duty(io.get_executor(), {.unclaimed_after = std::chrono::milliseconds(100)});
    parley::tree_options options;
    options.cgroup = parley::cgroup_use::never;
    auto tree = parley::spawn_tree(io.get_executor(),
                                   {.program = "/bin/sh",
                                    .arguments = {"-c",
                                                  "trap 'exit 9' TERM; sh -c 'setsid true & true & sleep 1000 &'; "
                                                  "while :; do kill -TERM $PPID; sleep 0.01; done"},
                                    .stop = parley::stop_policy::kill()},
                                   options);
    auto plain = parley::spawn(
        io.get_executor(), {.program = "/bin/sh", .arguments = {"-c", "sh -c 'true & setsid true & exit' & exit 6"}});
    if (!tree || !plain) return 3;
    const pid_t forked = ::fork();
    if (forked == 0) ::_exit(7);
    duty.claim(forked);
    parley::exit_status leader;
    bool emptied = false;
    tree->async_forward(std::move(signals), parley::forward_to::leader, [&](parley::error_code) {
        tree->async_stop([&](parley::error_code, const parley::tree_report& report) {
            leader = report.leader;
            emptied = report.left.empty();
        });
    });
    const auto others = [] {  // dead or alive
        int count = -1;
        auto listing = parley::process_listing::open().value();
        while (listing.next().value()) ++count;
        return count;
    };
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    // Left are the two that parley and the program wait for.
    while ((!emptied || others() != 2) && std::chrono::steady_clock::now() < end)
        io.run_for(std::chrono::milliseconds(5));
    int status = 0;
    const bool waited = ::waitpid(forked, &status, 0) == forked && WEXITSTATUS(status) == 7;
    duty.disclaim(forked);
    const auto plain_status = plain->try_wait();
    std::ostringstream text;
    text << "leader " << leader << ", plain " << plain_status.value_or(parley::exit_status()) << ", forked "
         << (waited ? "kept" : "stolen") << ", others " << others();
    say(text.str());
    return 0;
}

int tree_with_outsider(const std::vector<std::string>&) {
    if (::getpid() != 1) return 77;
    parley::asio::io_context io;
    parley::tree_options options;
    options.cgroup = parley::cgroup_use::required;
    options.give_up_after = std::chrono::milliseconds(50);
    auto tree = parley::spawn_tree(io.get_executor(), {.program = "/bin/sleep", .arguments = {"1000"}}, options);
    say(tree ? tree->cgroup() : tree.error().message());
    if (!tree) return 77;
    const auto stopped = [&] {
        std::string text;
        tree->async_stop(parley::stop_policy::kill(),
                         [&](parley::error_code, const parley::tree_report& report) { text = to_string(report); });
        io.restart();
        io.run();
        return text;
    };
    char line = 0;
    if (::read(0, &line, 1) != 1) return 4;
    {
        const parley::test::old_cgroups kernel;
        say(stopped());
    }
    if (::read(0, &line, 1) != 1) return 5;
    say(stopped());
    return 0;
}

int tree_host(const std::vector<std::string>&) {
    parley::asio::io_context io;
    parley::tree_options options;
    options.cgroup = parley::cgroup_use::never;
    auto tree = parley::spawn_tree(
        io.get_executor(), {.program = "/bin/sh", .arguments = {"-c", "kill -STOP $$; setsid sleep 1000 & exit"}},
        options);
    return tree ? ready() : 3;
}

int tree_that_dies_with_it(const std::vector<std::string>& w) {
    parley::asio::io_context io;
    parley::tree_options options;
    options.cgroup = w.at(0) == "cgroup" ? parley::cgroup_use::required : parley::cgroup_use::never;
    options.mark = w.at(0) != "cgroup";
    options.die_with_parent = true;
    const parley::command leader{
        .program = "/bin/sh",
        .arguments = {"-c", "(setsid sh -c 'trap \"\" TERM HUP; setsid sleep 1000 & sleep 1000' &); sleep 1000"}};
    auto tree = parley::spawn_tree(io.get_executor(), leader, options);
    if (!tree) {
        say(tree.error().message());
        return 77;
    }
    say(std::string(to_string(tree->means())) + " " + std::to_string(tree->leader().pid()));
    wait_for_ever();
}

int trees_that_die_with_it(const std::vector<std::string>& w) {
    parley::asio::io_context io;
    parley::tree_options options;
    options.cgroup = parley::cgroup_use::never;
    options.die_with_parent = true;
    std::vector<parley::process_tree> trees;
    const auto start_one = [&] {
        auto tree = parley::spawn_tree(io.get_executor(), {.program = "/bin/sleep", .arguments = {"1000"}}, options);
        if (!tree) std::exit(3);
        trees.push_back(std::move(*tree));
    };
    for (int i = 0; i < number(w.at(0)); ++i) start_one();
    say("ready");
    for (char c = 0; ::read(0, &c, 1) == 1;) {
        start_one();
        say("more");
    }
    wait_for_ever();
}

int tree_in_tree(const std::vector<std::string>& w) {
    parley::asio::io_context io;
    parley::tree_options options;
    options.cgroup = parley::cgroup_use::never;
    options.die_with_parent = true;
    auto tree = parley::spawn_tree(
        io.get_executor(), {.program = "/proc/self/exe", .arguments = {"tree-that-dies-with-it", w.at(0)}}, options);
    if (!tree) return 3;
    wait_for_ever();
}

int watch_directory(const std::vector<std::string>& w) {
    parley::asio::io_context io;
    const auto watcher = parley::tree_watcher::start(io.get_executor(), w.at(0), 0);
    return watcher ? ready() : 3;
}

int tree_left_behind(const std::vector<std::string>&) {
    parley::asio::io_context io;
    parley::tree_options options;
    options.cgroup = parley::cgroup_use::required;
    auto tree = parley::spawn_tree(io.get_executor(), {.program = "/bin/sleep", .arguments = {"1000"}}, options);
    say(tree ? tree->cgroup() : tree.error().message());
    if (!tree) return 77;
    (void)tree->leader().send_signal(SIGKILL);
    while (!tree->leader().try_wait()) ::usleep(1000);
    return ready();
}

int parent_killed_in_prctl(const std::vector<std::string>&) {
    static pid_t parent = 0;
    parent = ::getpid();
    parley::asio::io_context io;
    parley::sys::set_fault_hook([](parley::sys::call c) noexcept {
        if (c != parley::sys::call::child_prctl) return 0;
        ::kill(parent, SIGKILL);
        while (::getppid() == parent) ::usleep(1000);
        return 0;
    });
    parley::command what{.program = "/bin/echo", .arguments = {"alive"}};
    what.die_with_parent = true;
    (void)parley::spawn(io.get_executor(), what);
    return 3;
}
