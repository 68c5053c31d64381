// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "rpc/held_calls.hpp"

#include <parley/core/timer.hpp>

#include <utility>

namespace parley::rpc::detail {

held_call* held_message::take_next() noexcept {
    while (next != calls.size()) {
        auto& call = calls[next++];
        if (call.done) continue;
        call.done = true;
        call.unlink();
        --left;
        return &call;
    }
    return nullptr;
}

held_message& held_calls::add(std::string_view text, std::shared_ptr<batch> together, std::size_t most) {
    auto& all = *messages_.emplace_back(std::make_unique<held_message>());
    all.self = std::prev(messages_.end());
    all.text = text;
    all.together = std::move(together);
    all.calls.reserve(most);
    return all;
}

void held_calls::add_call(held_message& to, const incoming_item& item, std::size_t place) {
    auto& call = to.calls.emplace_back();
    call.in = &to;
    call.place = place;
    if (item.deadline) call.deadline = parley::detail::time_after(*item.deadline);
    ++to.left;
    ++calls_;
    if (item.what != incoming_item::kind::call) return;
    call.id = item.id;
    by_id_.insert(call);
}

void held_calls::filled(held_message& all) noexcept {
    all.bytes = sizeof(held_message) + all.text.size() + all.calls.capacity() * sizeof(held_call);
    for (const auto& call : all.calls) all.bytes += call.id.name.size() + call.id.literal.size();
    bytes_ += all.bytes;
    remove_if_empty(all);
}

held_call* held_calls::find(const call_id& id) noexcept {
    const auto it = by_id_.lower_bound(id);
    return it != by_id_.end() && it->id == id ? &*it : nullptr;
}

void held_calls::remove(held_call& call) noexcept {
    call.done = true;
    call.unlink();
    --call.in->left;
    --calls_;
    if (call.in->bytes != 0) remove_if_empty(*call.in);
}

void held_calls::remove_if_empty(held_message& all) noexcept {
    if (all.left != 0) return;
    bytes_ -= all.bytes;
    messages_.erase(all.self);
}

std::unique_ptr<held_message> held_calls::take() {
    auto first = std::move(messages_.front());
    messages_.pop_front();
    calls_ -= first->left;
    bytes_ -= first->bytes;
    return first;
}

void held_calls::put_back(std::unique_ptr<held_message> first) {
    calls_ += first->left;
    bytes_ += first->bytes;
    messages_.push_front(std::move(first));
    messages_.front()->self = messages_.begin();
}

void held_calls::clear() noexcept {
    messages_.clear();
    calls_ = bytes_ = 0;
}

}  // namespace parley::rpc::detail
