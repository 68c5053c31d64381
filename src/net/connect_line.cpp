// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "net/connect_line.hpp"

#include "core/syscall_net.hpp"
#include "net/open_socket.hpp"
#include "net/path_kind.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

namespace parley::detail {
namespace {

using namespace std::chrono_literals;

// The kernel does not tell when there is room. The pauses grow from what a server needs for a few accepts to what a
// program does not notice.
constexpr place_in_line::duration shortest_pause = 50us, longest_pause = 50ms;

}  // namespace

bool is_full(const error_code& ec) noexcept { return ec == sys::make_code(EAGAIN); }

error_code check_peer(int fd, const std::optional<peer_policy>& policy) {
    if (!policy || policy->admits_anyone()) return {};
    const auto who = peer_of(fd);
    if (!who) return who.error().code();
    return policy->allows(*who) ? error_code{} : sys::make_code(EACCES);
}

std::string connect_in_line::name_of_line(const socket_address& to, const socket_type& type) {
    return "connect " + std::to_string(type.type) + " " +
           std::string(reinterpret_cast<const char*>(to.data()), static_cast<std::size_t>(to.size));
}

void connect_in_line::start(handler_type handler) {
    asio::cancellation_state cancellation(asio::get_associated_cancellation_slot(handler),
                                          asio::enable_total_cancellation());
    pause_ = shortest_pause;
    wait(std::move(handler), cancellation);
}

void connect_in_line::wait(handler_type handler, asio::cancellation_state cancellation) {
    auto slot = cancellation.slot();
    auto again = [self = shared_from_this(), cancellation = cancellation](auto h, error_code ec) mutable {
        open_connection c;
        if (!ec) {
            const auto end = self->place_->has_turn() ? self->try_to_connect(c) : std::nullopt;
            if (!end && cancellation.cancelled() == asio::cancellation_type::none)
                return self->wait(std::move(h), cancellation);
            ec = end.value_or(asio::error::operation_aborted);
        }
        self->place_.reset();
        std::move(h)(ec, std::move(c));
    };
    const auto pause = std::exchange(pause_, std::min(pause_ * 3, longest_pause));  // the handler may run beside this
    place_->async_wait(pause, asio::bind_cancellation_slot(slot, map_handler(std::move(handler), std::move(again))));
}

std::optional<error_code> connect_in_line::try_to_connect(open_connection& c) {
    const auto type = socket_type_for(address_);
    if (!socket_) {
        auto fd = open_socket(address_, type);
        if (!fd) return fd.error().code();
        socket_ = std::move(*fd);
    }
    auto ec = sys::connect(socket_.get(), to_.data(), to_.size);
    if (is_full(ec)) return std::nullopt;
    if (ec) return refused_connect(address_, ec).code();
    ec = check_peer(socket_.get(), policy_);
    if (!ec) c = {std::move(socket_), type.family};
    return ec;
}

}  // namespace parley::detail
