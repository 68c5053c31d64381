// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Calls of the other side while they are served.
#pragma once

#include <parley/rpc/handler.hpp>

#include "rpc/wire.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace parley::rpc::detail {

/// The calls of a batch, whose answers leave together.
struct batch {
    std::size_t unanswered = 0;
    std::string answers{};
};

struct served_call::details
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    std::shared_ptr<session> owner{};
    call_id id{};
    std::string token{};
    std::shared_ptr<batch> together{};
    std::string method{};  // of a call that was kept
    std::optional<std::chrono::steady_clock::time_point> deadline{};
    std::unique_ptr<asio::steady_timer> limit{};  // of a call that was kept
    bool is_notification = false;
    bool wants_parts = false;
    bool answered = false;
    bool cancelled = false;
    bool runs = false;
    asio::cancellation_signal cancel{};

    void give_up() {
        cancelled = true;
        cancel.emit(asio::cancellation_type::terminal);
    }
};

using served_list = boost::intrusive::list<served_call::details, boost::intrusive::constant_time_size<false>>;

/// The functions of a router.
struct method_table;

}  // namespace parley::rpc::detail
