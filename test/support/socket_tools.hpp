// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Operations on sockets with what they ended with; descriptors to pass, and whether two are for the same open file.
#pragma once

#include "leftovers.hpp"
#include "run_task.hpp"

#include <parley/core/unique_fd.hpp>
#include <parley/net/fd_passing.hpp>
#include <parley/net/local.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/datagram_protocol.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace parley::test {

using local_stream = asio::local::stream_protocol;
using local_datagram = asio::local::datagram_protocol;

/// What an operation with one result ended with.
template <typename T>
struct ended {
    error_code ec;
    T value{};
    int count = 0;

    bool done() const { return count == 1; }
    auto handler() {
        return [this](error_code e, T v) { ec = e, value = std::move(v), ++count; };
    }
};

/// Runs `start(handler)` to its end.
template <typename T, typename Start>
ended<T> end_of(asio::io_context& io, Start start) {
    ended<T> result;
    start(result.handler());
    run_until(io, [&] { return result.done(); });
    return result;
}

struct socket_fixture : no_leftovers {
    asio::io_context io;
    executor ex{io.get_executor()};

    template <typename Socket>
    ended<std::size_t> send(Socket& socket, std::string_view bytes, std::span<const int> fds = {}) {
        return end_of<std::size_t>(
            io, [&](auto h) { async_send_with_fds(socket, asio::buffer(bytes), fds, std::move(h)); });
    }
    template <typename Socket>
    ended<received_message> receive(Socket& socket, std::span<char> into, receive_options options = {}) {
        return end_of<received_message>(io, [&](auto h) {
            async_receive_with_fds(socket, asio::buffer(into.data(), into.size()), options, std::move(h));
        });
    }
};

/// A file without a name that holds `text`, to be read from its beginning.
inline unique_fd file_with(std::string_view text) {
    unique_fd file(::memfd_create("test", MFD_CLOEXEC));
    if (::pwrite(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) std::abort();
    return file;
}

inline std::string text_of(int fd) {
    char block[4096];
    const auto n = ::pread(fd, block, sizeof block, 0);
    return n < 0 ? "unreadable" : std::string(block, static_cast<std::size_t>(n));
}

inline bool same_file(int a, int b) {
    struct stat one {
    }, other{};
    return ::fstat(a, &one) == 0 && ::fstat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

inline bool is_close_on_exec(int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; }

inline std::size_t descriptor_count() { return open_descriptors().size(); }

/// `n` times the same number, which is as good for sending as `n` numbers.
inline std::vector<int> repeated(int fd, std::size_t n) { return std::vector<int>(n, fd); }

}  // namespace parley::test
