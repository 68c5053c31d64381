// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the compiled bodies of socket operations know of a socket of Asio's and of its user's buffers: their types are
// taken away here, once for all operations.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/net/local.hpp>

#include <boost/asio/basic_datagram_socket.hpp>
#include <boost/asio/basic_raw_socket.hpp>
#include <boost/asio/basic_seq_packet_socket.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/socket_base.hpp>

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <sys/uio.h>

namespace parley::detail {

/// The buffers of a sequence that are not empty, as sendmsg(2) and recvmsg(2) take them. The bytes are lent.
class buffer_list {
public:
    buffer_list() = default;

    template <typename BufferSequence>
    explicit buffer_list(const BufferSequence& buffers) {
        const auto end = asio::buffer_sequence_end(buffers);
        for (auto it = asio::buffer_sequence_begin(buffers); it != end; ++it) {
            const asio::const_buffer part(*it);
            if (part.size() != 0) add({const_cast<void*>(part.data()), part.size()});
        }
    }

    iovec* data() noexcept { return (many_.empty() ? few_.data() : many_.data()) + done_; }
    const iovec* data() const noexcept { return (many_.empty() ? few_.data() : many_.data()) + done_; }
    std::size_t count() const noexcept { return count_ - done_; }
    std::size_t bytes() const noexcept { return bytes_; }

    /// Leaves the first `n` bytes out from now on.
    void consume(std::size_t n) noexcept {
        bytes_ -= n;
        for (; count() != 0 && n >= data()->iov_len; ++done_) n -= data()->iov_len;
        if (n == 0) return;
        data()->iov_base = static_cast<char*>(data()->iov_base) + n;
        data()->iov_len -= n;
    }

private:
    void add(iovec part) {
        if (count_ == few_.size() && many_.empty()) many_.assign(few_.begin(), few_.end());
        if (count_ < few_.size())
            few_[count_] = part;
        else
            many_.push_back(part);
        ++count_;
        bytes_ += part.iov_len;
    }

    std::array<iovec, 8> few_;  // most sequences are short
    std::vector<iovec> many_;
    std::size_t count_ = 0;
    std::size_t done_ = 0;
    std::size_t bytes_ = 0;
};

/// What one type of socket can do.
struct socket_functions {
    int type;    ///< SOCK_STREAM and its like
    bool local;  ///< surely a UNIX socket
    int (*descriptor)(void* socket) noexcept;
    executor (*executor_of)(void* socket);
    void (*wait)(void* socket, asio::socket_base::wait_type what, completion_handler<void(error_code)> handler);
};

template <typename Protocol, typename Executor>
constexpr int type_of(const asio::basic_stream_socket<Protocol, Executor>*) noexcept {
    return SOCK_STREAM;
}
template <typename Protocol, typename Executor>
constexpr int type_of(const asio::basic_datagram_socket<Protocol, Executor>*) noexcept {
    return SOCK_DGRAM;
}
template <typename Protocol, typename Executor>
constexpr int type_of(const asio::basic_seq_packet_socket<Protocol, Executor>*) noexcept {
    return SOCK_SEQPACKET;
}
template <typename Protocol, typename Executor>
constexpr int type_of(const asio::basic_raw_socket<Protocol, Executor>*) noexcept {
    return SOCK_RAW;
}

template <typename Socket>
inline constexpr socket_functions functions_of{
    type_of(static_cast<const Socket*>(nullptr)), local_protocol<typename Socket::protocol_type>,
    [](void* socket) noexcept -> int {
        auto& s = *static_cast<Socket*>(socket);
        return s.is_open() ? s.native_handle() : -1;
    },
    [](void* socket) -> executor { return static_cast<Socket*>(socket)->get_executor(); },
    [](void* socket, asio::socket_base::wait_type what, completion_handler<void(error_code)> handler) {
        static_cast<Socket*>(socket)->async_wait(what, std::move(handler));
    }};

/// A socket of Asio's, on loan.
class socket_handle {
public:
    template <typename Socket>
    explicit socket_handle(Socket& socket) noexcept : socket_(&socket), functions_(&functions_of<Socket>) {}

    int type() const noexcept { return functions_->type; }
    bool is_surely_local() const noexcept { return functions_->local; }
    bool is_stream() const noexcept { return functions_->type == SOCK_STREAM; }
    void* object() const noexcept { return socket_; }
    /// The number now; -1 when the socket is closed.
    int descriptor() const noexcept { return functions_->descriptor(socket_); }
    executor get_executor() const { return functions_->executor_of(socket_); }
    void wait(asio::socket_base::wait_type what, completion_handler<void(error_code)> handler) const {
        functions_->wait(socket_, what, std::move(handler));
    }

private:
    void* socket_;
    const socket_functions* functions_;
};

}  // namespace parley::detail
