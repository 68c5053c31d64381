// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Sockets for tests.
#pragma once

#include <parley/net/connect.hpp>
#include <parley/net/listen.hpp>

#include "file_tools.hpp"
#include "leftovers.hpp"
#include "run_task.hpp"
#include "temporary_directory.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace parley::test {

inline address at(std::string_view text) { return address::parse(text).value(); }

inline error_code code(int errno_value) { return {errno_value, boost::system::system_category()}; }

/// A loop and a directory; nothing may be left of it when the test ends.
struct net_fixture : no_leftovers {
    temporary_directory directory;
    asio::io_context io;

    std::string path(const std::string& name = "s") const { return directory / name; }
    address local(const std::string& options = {}) const { return at("unix:" + path() + options); }

    template <typename T>
    T run(task<T> body) {
        return run_task(io, std::move(body));
    }
};

/// A byte there and back: true when there is somebody at the other end who is the `other`.
template <typename Socket>
task<bool> are_connected(Socket& one, Socket& other) {
    char sent = 'x', got = 0;
    co_await asio::async_write(one, asio::buffer(&sent, 1), asio::use_awaitable);
    co_await asio::async_read(other, asio::buffer(&got, 1), asio::use_awaitable);
    if (got != 'x') co_return false;
    sent = 'y';
    co_await asio::async_write(other, asio::buffer(&sent, 1), asio::use_awaitable);
    co_await asio::async_read(one, asio::buffer(&got, 1), asio::use_awaitable);
    co_return got == 'y';
}

/// A UNIX socket of nobody's library.
class raw_socket {
public:
    explicit raw_socket(int type = SOCK_STREAM, int family = AF_UNIX) : fd_(::socket(family, type | SOCK_CLOEXEC, 0)) {}
    raw_socket(raw_socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    raw_socket& operator=(raw_socket&&) = delete;
    ~raw_socket() { close(); }

    int fd() const noexcept { return fd_; }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    /// 0 or errno.
    int bind(const std::string& path) {
        const auto to = name(path);
        return ::bind(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? 0 : errno;
    }
    int connect(const std::string& path) {
        const auto to = name(path);
        return ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? 0 : errno;
    }

private:
    static sockaddr_un name(const std::string& path) {
        sockaddr_un to{};
        to.sun_family = AF_UNIX;
        path.copy(to.sun_path, sizeof to.sun_path - 1);
        return to;
    }

    int fd_;
};

}  // namespace parley::test
