// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The handler of the one operation that a session always has under way.
#pragma once

#include "rpc/session.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace parley::rpc::detail {

struct session::pump {
    std::shared_ptr<session> self;
    std::unique_ptr<waiting_calls> calls;

    void operator()(error_code ec, std::optional<std::string_view> message) {
        self->calls_at_home_ = std::move(calls);
        self->received(ec, message);
    }
    void operator()(error_code) {  // parked no longer
        self->calls_at_home_ = std::move(calls);
        self->is_parked_ = false;
        self->go_on();
    }
};

}  // namespace parley::rpc::detail
