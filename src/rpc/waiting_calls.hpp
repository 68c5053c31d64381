// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The calls that wait for their answers, found by their ids.
#pragma once

#include <parley/rpc/waiting_call.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace parley::rpc::detail {

/// A ring: a call lies where the low bits of its id say. Ids are given out in their order, and one whose place is taken
/// is passed over, so there is nothing to search. An id is not used again before all others were.
class waiting_calls {
public:
    explicit waiting_calls(waiting_calls** where) noexcept : known_at_(where) { *known_at_ = this; }
    waiting_calls(const waiting_calls&) = delete;
    waiting_calls& operator=(const waiting_calls&) = delete;
    ~waiting_calls() { *known_at_ = nullptr; }

    std::size_t size() const noexcept { return size_; }

    /// Gives it an id, the next free one from `next`. With `in_order` the answers come in the order of the calls.
    waiting_call& add(std::unique_ptr<waiting_call> call, std::uint32_t& next, bool in_order) {
        if (2 * (size_ + 1) > slots_.size()) grow();
        while (next == 0 || slots_[place(next)]) ++next;
        call->id = next++;
        if (in_order) order_.push_back(call->id);
        auto& slot = slots_[place(call->id)];
        slot = std::move(call);
        ++size_;
        return *slot;
    }
    waiting_call* find(std::uint32_t id) noexcept {
        if (slots_.empty()) return nullptr;
        auto* const call = slots_[place(id)].get();
        return call != nullptr && call->id == id ? call : nullptr;
    }
    std::unique_ptr<waiting_call> take(std::uint32_t id) noexcept {
        if (find(id) == nullptr) return nullptr;
        --size_;
        return std::move(slots_[place(id)]);
    }
    /// Takes it back, as if it had never been added: nothing of it was sent.
    std::unique_ptr<waiting_call> withdraw(std::uint32_t id) noexcept {
        if (!order_.empty() && order_.back() == id) order_.pop_back();
        return take(id);
    }
    /// The id to which the next answer in order belongs; 0 where no answer is due.
    std::uint32_t due() const noexcept { return order_.empty() ? 0 : order_.front(); }
    void answered_in_order() {
        if (!order_.empty()) order_.pop_front();
    }

    template <typename Predicate>
    std::vector<std::unique_ptr<waiting_call>> take_if(Predicate wanted) {
        std::vector<std::unique_ptr<waiting_call>> taken;
        for (auto& slot : slots_)
            if (slot && wanted(*slot)) taken.push_back(std::move(slot));
        size_ -= taken.size();
        return taken;
    }
    /// Those that are left, by their ids in the order in which they were made. `in_order` begins with them again.
    std::vector<waiting_call*> all(std::uint32_t next, bool in_order) {
        std::vector<waiting_call*> left;
        for (auto& slot : slots_)
            if (slot) left.push_back(slot.get());
        std::ranges::sort(left, std::greater<>(), [next](const waiting_call* c) { return next - c->id; });
        order_.clear();
        if (in_order)
            for (const auto* call : left) order_.push_back(call->id);
        return left;
    }

private:
    std::size_t place(std::uint32_t id) const noexcept { return id & (slots_.size() - 1); }

    // Ids that differ in their low bits differ in more of them.
    void grow() {
        std::vector<std::unique_ptr<waiting_call>> larger(slots_.empty() ? 16 : 2 * slots_.size());
        larger.swap(slots_);
        for (auto& call : larger) {
            if (!call) continue;
            auto& slot = slots_[place(call->id)];
            slot = std::move(call);
        }
    }

    waiting_calls** known_at_;
    std::vector<std::unique_ptr<waiting_call>> slots_{};
    std::deque<std::uint32_t> order_{};
    std::size_t size_ = 0;
};

}  // namespace parley::rpc::detail
