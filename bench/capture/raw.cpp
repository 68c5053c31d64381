// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace capturing {
namespace {

pid_t start(const child_command& command, int out) {
    std::vector<char*> arguments{const_cast<char*>(command.program.c_str())};
    for (const auto& word : command.arguments) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    pid_t pid = -1;
    errno = ::posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    bench::check(errno == 0 ? 0 : -1, "posix_spawn");
    return pid;
}

struct free_memory {
    void operator()(char* memory) const { std::free(memory); }
};

// What becomes of the bytes. Each reads `from` to its end and gives back their number.

// The loop that one writes by hand.
std::size_t append(int from, char* block) {
    std::string text;
    while (const int count = bench::check(static_cast<int>(::read(from, block, block_size)), "read"))
        text.append(block, static_cast<std::size_t>(count));
    return text.size();
}

// The same with memory that the kernel can make longer without copying it.
std::size_t reallocate(int from, char*) {
    std::unique_ptr<char, free_memory> memory;
    std::size_t size = 0;
    std::size_t capacity = 0;
    for (;;) {
        if (capacity - size < block_size) {
            capacity = std::max(block_size, capacity * 2);
            memory.reset(static_cast<char*>(std::realloc(memory.release(), capacity)));
            bench::require(memory != nullptr, "realloc");
        }
        const int count = bench::check(static_cast<int>(::read(from, memory.get() + size, block_size)), "read");
        if (count == 0) return size;
        size += static_cast<std::size_t>(count);
    }
}

// What the pipe alone can do.
std::size_t discard(int from, char* block) {
    std::size_t size = 0;
    while (const int count = bench::check(static_cast<int>(::read(from, block, block_size)), "read"))
        size += static_cast<std::size_t>(count);
    return size;
}

void pipe_of_default_size(int* ends) { bench::check(::pipe2(ends, O_CLOEXEC), "pipe2"); }

void pipe_of_1_mib(int* ends) {
    pipe_of_default_size(ends);
    bench::check(::fcntl(ends[0], F_SETPIPE_SZ, 1 << 20), "fcntl F_SETPIPE_SZ");
}

void socket_pair(int* ends) { bench::check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair"); }

// `connect` fills in the reading and the writing end.
void loop(bench::run& r, void connect(int*), std::size_t read_all(int, char*)) {
    const auto command = child_of(r);
    const auto block = std::make_unique<char[]>(block_size);
    do {
        int ends[2];
        connect(ends);
        const pid_t pid = start(command, ends[1]);
        ::close(ends[1]);
        const std::size_t size = read_all(ends[0], block.get());
        ::close(ends[0]);
        int status = -1;
        bench::check(::waitpid(pid, &status, 0), "waitpid");
        bench::require(status == 0 && size == command.size, "not what the child wrote");
    } while (r.add(static_cast<double>(r["mib"])));
}

}  // namespace

void with_pipe(bench::run& r) { loop(r, pipe_of_default_size, append); }
void with_reallocation(bench::run& r) { loop(r, pipe_of_default_size, reallocate); }
void without_keeping(bench::run& r) { loop(r, pipe_of_default_size, discard); }
void with_large_pipe(bench::run& r) { loop(r, pipe_of_1_mib, append); }
void with_socket_pair(bench::run& r) { loop(r, socket_pair, append); }

void with_popen(bench::run& r) {
    const auto command = child_of(r);
    std::string line = "exec '" + command.program + "'";
    for (const auto& word : command.arguments) line += " '" + word + "'";
    const auto block = std::make_unique<char[]>(block_size);
    do {
        FILE* from = ::popen(line.c_str(), "r");
        bench::check(from == nullptr ? -1 : 0, "popen");
        std::string text;
        while (const std::size_t count = std::fread(block.get(), 1, block_size, from)) text.append(block.get(), count);
        bench::require(::pclose(from) == 0 && text.size() == command.size, "not what the child wrote");
    } while (r.add(static_cast<double>(r["mib"])));
}

}  // namespace capturing
