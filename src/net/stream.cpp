// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/stream.hpp>

#include "core/operation.hpp"
#include "core/polling.hpp"
#include "core/syscall_message.hpp"
#include "net/send.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>

#include <memory>
#include <utility>

namespace parley::detail {
namespace {

// A receive that the loop looks for.
class awaited_receive final : public awaited {
public:
    awaited_receive(const socket_handle& socket, asio::mutable_buffer into, receive_by_reactor otherwise,
                    bytes_handler handler, bool at_home)
        : socket_(socket), into_(into), otherwise_(otherwise), handler_(std::move(handler)), at_home_(at_home) {
        auto slot = asio::get_associated_cancellation_slot(handler_);
        if (!slot.is_connected()) return;
        cancelled_ = std::make_shared<bool>(false);
        slot.assign([cancelled = cancelled_](asio::cancellation_type type) {
            if (type != asio::cancellation_type::none) *cancelled = true;
        });
    }

    looked look() override {
        const int fd = is_cancelled() ? -1 : socket_.descriptor();
        if (fd < 0) return complete(asio::error::operation_aborted, 0);
        const auto n = sys::recv(fd, {into_.data(), into_.size()});
        if (!n && n.error() == asio::error::would_block) return looked::not_yet;
        if (!n) return complete(n.error(), 0);
        return complete(*n == 0 ? error_code(asio::error::eof) : error_code(), *n);
    }

    void leave() override {
        if (is_cancelled() || socket_.descriptor() < 0)
            return post_completion(socket_.get_executor(), std::move(handler_),
                                   error_code(asio::error::operation_aborted), std::size_t{0});
        otherwise_(socket_.object(), into_, std::move(handler_));
    }

private:
    bool is_cancelled() const noexcept { return cancelled_ && *cancelled_; }

    looked complete(error_code ec, std::size_t n) {
        if (at_home_)
            std::move(handler_)(ec, n);
        else
            post_completion(socket_.get_executor(), std::move(handler_), ec, n);
        return looked::come;
    }

    socket_handle socket_;
    asio::mutable_buffer into_;
    receive_by_reactor otherwise_;
    bytes_handler handler_;
    std::shared_ptr<bool> cancelled_{};
    bool at_home_;  // the handler runs where the socket does
};

}  // namespace

result<std::optional<std::size_t>> try_send(const socket_handle& socket, const buffer_list& bytes) {
    if (socket.descriptor() < 0) return error(asio::error::bad_descriptor, "send");
    if (bytes.bytes() == 0) return std::optional<std::size_t>(0);
    const auto n = send_now(socket, bytes, {});
    if (n) return std::optional<std::size_t>(*n);
    if (n.error() == asio::error::would_block) return std::optional<std::size_t>();
    return error(n.error(), "send");
}

void start_receive(const socket_handle& socket, asio::mutable_buffer into, receive_by_reactor otherwise,
                   bytes_handler handler, const executor& own) {
    const auto io = socket.get_executor();
    auto* const loop = polling::of(io);
    if (loop == nullptr || !loop->has_room() || into.size() == 0 || socket.descriptor() < 0)
        return otherwise(socket.object(), into, std::move(handler));
    loop->add(std::make_unique<awaited_receive>(socket, into, otherwise, std::move(handler), runs_on(io, own)));
}

}  // namespace parley::detail
