// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/channel_maker.hpp>

#include <parley/message/channel_listener.hpp>
#include <parley/message/connect_channel.hpp>
#include <parley/message/datagram.hpp>
#include <parley/net/local.hpp>

#include "core/operation.hpp"
#include "message/channel_state.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/local/datagram_protocol.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

namespace parley {
namespace detail {
namespace {

using stream = asio::generic::stream_protocol;

template <typename Protocol>
std::unique_ptr<channel_wire> packets_over(const executor& io, open_connection& connection, std::size_t limit) {
    typename Protocol::socket socket(io);
    if (const auto ec = assign(socket, connection.family, connection.fd)) throw boost::system::system_error(ec);
    return std::make_unique<wire_of<typename Protocol::socket, datagram>>(std::move(socket), datagram(limit));
}

protocol_shape shape_for(const address& a) noexcept {
    switch (a.kind()) {
        case address_kind::unix_seqpacket:
            return shape_of<local_seqpacket>();
        case address_kind::unix_datagram:
            return shape_of<asio::local::datagram_protocol>();
        case address_kind::udp:
            return shape_of<asio::ip::udp>();
        default:
            return shape_of<stream>();
    }
}

// Hands over what `maker` makes of a connection.
auto as_channel(const executor& io, const protocol_shape& shape, std::shared_ptr<const channel_maker> maker,
                std::shared_ptr<channel_budget> budget) {
    return [io, shape, maker = std::move(maker), budget = std::move(budget)](auto handler, error_code ec,
                                                                             open_connection connection) {
        any_channel made;
        if (!ec) ec = maker->make(io, shape, connection, budget, made);
        std::move(handler)(ec, std::move(made));
    };
}

}  // namespace

channel_maker::~channel_maker() = default;

error_code channel_maker::make(const executor& io, const protocol_shape& shape, open_connection& connection,
                               const std::shared_ptr<channel_budget>& budget, any_channel& into) const {
    try {
        if (shape.type != SOCK_STREAM) {
            into = any_channel(over_packets(io, shape, connection), options_);
        } else {
            stream::socket socket(io);
            if (const auto ec = assign(socket, connection.family, connection.fd)) return ec;
            into = any_channel(over_stream(std::move(socket)), options_);
        }
        if (budget) into.state_->join(budget);
        return {};
    } catch (const boost::system::system_error& e) {
        return e.code();
    }
}

std::unique_ptr<channel_wire> channel_maker::over_packets(const executor& io, const protocol_shape& shape,
                                                          open_connection& connection) const {
    if (shape.type == SOCK_SEQPACKET) return packets_over<local_seqpacket>(io, connection, limit());
    if (shape.local) return packets_over<asio::local::datagram_protocol>(io, connection, limit());
    return packets_over<asio::ip::udp>(io, connection, limit());
}

void start_connect_channel(const executor& io, const address& a, std::shared_ptr<const channel_maker> maker,
                           const connect_options& options, completion_handler<void(error_code, any_channel)> handler) {
    const auto shape = shape_for(a);
    start_connect(io, a, shape, options,
                  map_handler(std::move(handler), as_channel(io, shape, std::move(maker), nullptr)));
}

result<channel_listener> open_channel_listener(const executor& io, const address& a, const listen_options& options,
                                               const held_options& held, std::shared_ptr<const channel_maker> maker) {
    const auto shape = shape_for(a);
    auto state = open_listener(io, a, shape, options);
    if (!state) return state.error();
    return channel_listener(io, std::move(*state), shape, std::move(maker), std::make_shared<channel_budget>(io, held));
}

}  // namespace detail

channel_listener::channel_listener(channel_listener&& other) noexcept
    : io_(other.io_),
      state_(std::move(other.state_)),
      shape_(other.shape_),
      maker_(std::move(other.maker_)),
      budget_(std::move(other.budget_)) {}

channel_listener& channel_listener::operator=(channel_listener&& other) noexcept {
    if (this == &other) return *this;
    close();
    io_ = other.io_;
    state_ = std::move(other.state_);
    budget_ = std::move(other.budget_);
    shape_ = other.shape_;
    maker_ = std::move(other.maker_);
    return *this;
}

void channel_listener::start_accept(completion_handler<void(error_code, any_channel)> handler, const executor& own) {
    if (!state_)
        return post_completion(io_ ? io_ : own, detail::map_handler(std::move(handler), [](auto h) {
                                   std::move(h)(error_code(asio::error::bad_descriptor), any_channel());
                               }));
    detail::start_accept(state_,
                         detail::map_handler(std::move(handler), detail::as_channel(io_, shape_, maker_, budget_)));
}

const address& channel_listener::local_address() const {
    if (!state_) throw boost::system::system_error(asio::error::bad_descriptor, "a listener without a socket");
    return detail::address_of(*state_);
}

listener_counters channel_listener::counters() const noexcept {
    return state_ ? detail::counters_of(*state_) : listener_counters();
}

held_counters channel_listener::held() const { return budget_ ? budget_->counters() : held_counters(); }

}  // namespace parley
