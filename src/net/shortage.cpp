// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "net/shortage.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

#include <algorithm>

namespace parley::detail {
namespace {

class shortage_service final : public asio::execution_context::service {
public:
    static inline asio::execution_context::id id;

    explicit shortage_service(asio::execution_context& context) : asio::execution_context::service(context) {}

    episode lack{};

private:
    void shutdown() override {}
};

}  // namespace

bool episode::begins(std::chrono::milliseconds pause) {
    using namespace std::chrono_literals;
    constexpr std::chrono::milliseconds least = 1s, most = 24h;
    const auto now = clock::now();
    const std::lock_guard lock(mutex_);
    const bool first = !any_ || now >= over_at_;
    any_ = true;
    over_at_ = now + std::clamp(std::min(pause, most) * 10, least, most);
    return first;
}

episode& shortage_of(const executor& io) {
    return asio::use_service<shortage_service>(asio::query(io, asio::execution::context)).lack;
}

}  // namespace parley::detail
