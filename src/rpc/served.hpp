// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Calls of the other side while they are served.
#pragma once

#include <parley/rpc/handler.hpp>

#include "rpc/wire.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace parley::rpc::detail {

/// The calls of a batch, whose answers leave together.
struct batch {
    /// Together the answers are one message, in which each has room for a fault, for its id, and for the bracket or
    /// comma before it.
    static std::size_t room_for(const call_id& id) noexcept { return 256 + id.literal.size() + 1; }

    std::size_t unanswered = 0;
    std::size_t reserved = 1;  // for those, and for the last bracket
    std::string answers{};
};

struct by_id;
using served_hook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
using served_id_hook = boost::intrusive::set_base_hook<boost::intrusive::tag<by_id>,
                                                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

struct served_call::details : served_hook, served_id_hook {
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
    bool to_cancel = false;  // it is cancelled soon
    bool runs = false;
    asio::cancellation_signal cancel{};

    void give_up() {
        cancelled = true;
        cancel.emit(asio::cancellation_type::terminal);
    }
};

struct id_of_served {
    using type = call_id;
    const call_id& operator()(const served_call::details& call) const noexcept { return call.id; }
};
/// Calls by their ids, of which a caller may give the same to several.
using served_ids = boost::intrusive::multiset<served_call::details, boost::intrusive::base_hook<served_id_hook>,
                                              boost::intrusive::key_of_value<id_of_served>,
                                              boost::intrusive::constant_time_size<false>>;
using served_list = boost::intrusive::list<served_call::details, boost::intrusive::constant_time_size<false>>;

/// The functions of a router.
struct method_table;

}  // namespace parley::rpc::detail
