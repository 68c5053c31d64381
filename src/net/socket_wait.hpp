// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The frame of every operation on a socket of Asio's: try first, and let Asio wait only where the kernel says so.
#pragma once

#include <parley/net/socket_handle.hpp>

#include "core/operation.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>

#include <memory>
#include <utility>

namespace parley::detail {

// An Operation has
//     socket                       a socket_handle
//     ready_for                    the wait_type to wait for
//     bool advance(bool waited)    tries; true when it is over, well or not
//     complete(handler, ec)        calls the handler; `ec` is what ended the waiting, if anything did

template <typename Operation, typename Handler>
void advance_when_ready(std::shared_ptr<Operation> operation, asio::cancellation_state cancellation, Handler handler) {
    const socket_handle socket = operation->socket;
    auto again = [operation = std::move(operation), cancellation](Handler h, error_code ec) mutable {
        if (!ec && operation->socket.descriptor() < 0) ec = asio::error::operation_aborted;
        if (ec || operation->advance(true)) return operation->complete(std::move(h), ec);
        if (cancellation.cancelled() != asio::cancellation_type::none)
            return operation->complete(std::move(h), asio::error::operation_aborted);
        advance_when_ready(std::move(operation), cancellation, std::move(h));
    };
    socket.wait(Operation::ready_for,
                asio::bind_cancellation_slot(cancellation.slot(), map_handler(std::move(handler), std::move(again))));
}

/// Runs `operation`, which takes no memory unless it has to wait.
template <typename Operation, typename Handler>
void run_on_socket(Operation& operation, Handler handler) {
    const auto io = operation.socket.get_executor();
    const auto finish = [&](error_code ec) {
        auto end = [operation = std::move(operation), ec](Handler h) mutable { operation.complete(std::move(h), ec); };
        asio::post(io, map_handler(std::move(handler), std::move(end)));
    };
    if (operation.socket.descriptor() < 0) return finish(asio::error::bad_descriptor);
    if (operation.advance(false)) return finish({});
    const asio::cancellation_state cancellation(asio::get_associated_cancellation_slot(handler),
                                                asio::enable_total_cancellation());
    operation.keep();
    advance_when_ready(std::make_shared<Operation>(std::move(operation)), cancellation, std::move(handler));
}

}  // namespace parley::detail
