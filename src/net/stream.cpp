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
#include <optional>
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
        const auto end = outcome();
        if (!end) return looked::not_yet;
        if (at_home_)
            std::move(handler_)(end->ec, end->size);
        else
            post(*end);
        return looked::come;
    }

    void leave() override {
        if (is_cancelled() || socket_.descriptor() < 0) return post(*outcome());
        otherwise_(socket_.object(), into_, std::move(handler_));
    }

private:
    struct received {
        error_code ec{};
        std::size_t size = 0;
    };

    bool is_cancelled() const noexcept { return cancelled_ && *cancelled_; }

    // Nothing while it is to wait. What is there comes before a cancellation, as where Asio receives at once.
    std::optional<received> outcome() const {
        const received aborted{asio::error::operation_aborted, 0};
        const int fd = socket_.descriptor();
        if (fd < 0) return aborted;
        const auto n = sys::recv(fd, {into_.data(), into_.size()});
        if (n) return received{*n == 0 ? error_code(asio::error::eof) : error_code(), *n};
        if (n.error() != asio::error::would_block) return received{n.error(), 0};
        if (is_cancelled()) return aborted;
        return std::nullopt;
    }

    void post(const received& end) { post_completion(socket_.get_executor(), std::move(handler_), end.ec, end.size); }

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
