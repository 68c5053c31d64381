// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A parent that may open files, and a child that may not: the child asks for a file by name, the parent decides, and
// what the child gets is open already. Started by root, the child is nobody.

#include <parley/loop/application.hpp>
#include <parley/net/descriptor_check.hpp>
#include <parley/net/fd_passing.hpp>
#include <parley/net/local.hpp>
#include <parley/net/packet.hpp>
#include <parley/process/spawn.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <iostream>
#include <span>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace asio = parley::asio;
using socket_type = parley::local_seqpacket::socket;

// [child]
parley::task<> be_the_child() {
    socket_type parent(co_await asio::this_coro::executor, parley::local_seqpacket(), 3);
    std::array<char, 256> reply;
    for (const std::string name : {"passwd", "shadow"}) {
        co_await parley::async_send_with_fds(parent, asio::buffer(name), {});
        const parley::receive_options one{.most_fds = 1};
        const auto got = co_await parley::async_receive_with_fds(parent, asio::buffer(reply), one);
        std::cout << "child: " << name << ": " << std::string_view(reply.data(), got.size) << std::endl;
        for (const auto& file : got.fds) {
            // Even of a parent one may ask what it has sent, before a read that could block.
            parley::check_descriptor(file.get(), {.readable = true, .most_bytes = 1 << 20}).value();
            const auto size = ::pread(file.get(), reply.data(), reply.size(), 0);
            std::cout << "child: " << (size > 0 ? "read it" : "it is empty") << std::endl;
        }
    }
}
// [/child]

// [parent]
parley::task<> open_for(socket_type& child) {
    std::array<char, 64> name;
    for (;;) {
        const auto asked = co_await parley::async_receive_packet(child, asio::buffer(name));
        if (asked.end) co_return;
        parley::unique_fd file;
        if (std::string_view(name.data(), asked.size) == "passwd")  // a list of names, not a path from the child
            file.reset(::open("/etc/passwd", O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
        const int fds[] = {file.get()};
        const std::span<const int> with(fds, file ? 1 : 0);
        const std::string_view answer = file ? "here it is" : "not for you";
        co_await parley::async_send_with_fds(child, asio::buffer(answer), with);
    }  // our copy is closed, the child's is not
}

parley::task<> be_the_parent() {
    const auto io = co_await asio::this_coro::executor;
    auto [here, there] = parley::make_socket_pair<parley::local_seqpacket>(io).value();
    parley::command program{
        .program = "/proc/self/exe", .arguments = {"child"}, .descriptors = {{there.native_handle(), 3}}};
    if (::getuid() == 0) program.run_as = parley::identity{65534, 65534};
    parley::child child = parley::spawn(io, program).value();
    there.close();  // the child has the only one now: it ends when the child does
    co_await open_for(here);
    std::cout << "parent: the child " << co_await child.async_wait() << std::endl;
}
// [/parent]

int main(int count, char*[]) { return parley::run(count > 1 ? be_the_child() : be_the_parent()); }
