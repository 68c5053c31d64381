// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Open descriptors for a child, at the numbers that it expects: a file without a name, a pipe beside the standard
// streams, and two that change places.

#include <parley/loop/application.hpp>
#include <parley/pipe/pipe.hpp>
#include <parley/process/spawn.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>

#include <sys/mman.h>
#include <unistd.h>

namespace asio = parley::asio;

// A file that has no name.
parley::unique_fd file_with(std::string_view text) {
    parley::unique_fd file(::memfd_create("example", MFD_CLOEXEC));
    if (::write(file.get(), text.data(), text.size()) < 0 || ::lseek(file.get(), 0, SEEK_SET) != 0)
        throw std::system_error(errno, std::generic_category(), "memfd");
    return file;
}

// [file]
parley::task<> a_file(parley::executor io) {
    const auto secret = file_with("swordfish\n");  // in no argument, no variable, no directory
    const parley::command reader{.program = "/bin/sh",
                                 .arguments = {"-c", "read word <&3; echo \"the password is $word\""},
                                 .descriptors = {{secret.get(), 3}}};
    parley::child child = parley::spawn(io, reader).value();
    std::cout << "file: the child " << co_await child.async_wait() << std::endl;
}
// [/file]

// [pipe]
parley::task<> a_pipe(parley::executor io) {
    auto pipe = parley::make_pipe_descriptors().value();
    const parley::command worker{.program = "/bin/sh",
                                 .arguments = {"-c", "echo half >&3; echo the result; echo all >&3"},
                                 .descriptors = {{pipe.writer.get(), 3}}};
    parley::child child = parley::spawn(io, worker).value();
    pipe.writer.reset();  // the child has the only one now: the stream ends when it does
    asio::readable_pipe progress(io, pipe.reader.release());
    std::string told;
    parley::error_code end;
    co_await asio::async_read(progress, asio::dynamic_buffer(told), asio::redirect_error(asio::use_awaitable, end));
    std::cout << "pipe: descriptor 3 said\n" << told << "pipe: the child " << co_await child.async_wait() << std::endl;
}
// [/pipe]

// [permutation]
parley::task<> two_change_places(parley::executor io) {
    const auto one = file_with("one\n"), two = file_with("two\n");
    const parley::command both{
        .program = "/bin/cat",
        .arguments = {"/dev/fd/" + std::to_string(one.get()), "/dev/fd/" + std::to_string(two.get())},
        .descriptors = {{one.get(), two.get()}, {two.get(), one.get()}}};
    parley::child child = parley::spawn(io, both).value();
    std::cout << "permutation: the child " << co_await child.async_wait() << std::endl;
}
// [/permutation]

parley::task<> all() {
    const auto io = co_await asio::this_coro::executor;
    co_await a_file(io);
    co_await a_pipe(io);
    co_await two_change_places(io);
}

int main() { return parley::run(all()); }
