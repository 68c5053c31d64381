// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "core/polling.hpp"

#include <algorithm>
#include <utility>

namespace parley::detail {

asio::execution_context::id polling::id;
thread_local polling* polling::here = nullptr;

polling::polling(asio::execution_context& context)
    : asio::execution_context::service(context), context_(static_cast<asio::io_context&>(context)) {}

polling* polling::of(const executor& io) {
    const auto* const direct = io.target<asio::io_context::executor_type>();
    if (direct == nullptr) return nullptr;
    if (here != nullptr && &here->context_ == &direct->context()) return here;
    if (!asio::has_service<polling>(direct->context())) return nullptr;
    return &asio::use_service<polling>(direct->context());
}

void polling::activate(bool now) {
    active_ = now;
    if (!now) leave();
}

void polling::add(std::unique_ptr<awaited> one) {
    if (!work_) work_.emplace(context_.get_executor());
    put({std::move(one)});
}

void polling::put(place p) noexcept {
    const auto free = std::ranges::find_if(all_, [](const place& at) { return !at.one; });
    *free = std::move(p);
    ++count_;
}

std::size_t polling::look() {
    std::size_t came = 0;
    for (std::size_t i = 0; i != all_.size() && count_ != 0 && !context_.stopped(); ++i) {
        if (!all_[i].one) continue;
        // Taken out, because what its handler does may add others, throw, or end the loop.
        place taken = std::exchange(all_[i], {});
        --count_;
        const auto outcome = taken.one->look();
        if (outcome == looked::come) ++came;
        if (outcome != looked::not_yet) continue;
        if (++taken.looks < patience)
            put(std::move(taken));
        else
            taken.one->leave();
    }
    settle();
    return came;
}

void polling::leave() {
    for (auto& p : all_) {
        if (!p.one) continue;
        const auto taken = std::exchange(p, {});
        --count_;
        taken.one->leave();
    }
    settle();
}

void polling::shutdown() {
    for (auto& p : all_) p = {};
    count_ = 0;
    settle();
}

}  // namespace parley::detail
