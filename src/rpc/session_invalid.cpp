// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a session does with messages that are none, and with parts of them.

#include "rpc/method_table.hpp"
#include "rpc/session.hpp"

#include <string>
#include <utility>

namespace parley::rpc::detail {

namespace {

using item_kind = incoming_item::kind;

}  // namespace

// Whether a batch has an answer to it.
bool session::is_answered(const incoming_item& item) const noexcept {
    if (item.what == item_kind::call) return true;
    if (item.what != item_kind::bad || item.answer == incoming_item::reply::none) return false;
    if (item.answer == incoming_item::reply::to_call) return true;
    // To a side that only calls, what is no message is noise of a program that it has started, for example. An answer
    // could provoke more of it.
    const auto& served = *router_.table_;
    return !served.methods.empty() || served.fallback || served.descriptions;
}

// Messages in which nothing of the protocol is recognized, one behind the other: after some the connection ends.
void session::count_noise(const incoming& all) {
    if (all.items.empty()) return;
    for (const auto& item : all.items) {
        if (item.is_noise()) continue;
        noise_ = 0;
        return;
    }
    if (noise_++ == 0) first_noise_ = place_of_message(all.items.front().problem);
}

void session::end_after_noise() {
    const auto& most = options_.invalid_messages;
    if (!open_ || !connected_ || !most || noise_ == 0 || noise_ < *most) return;
    auto why = std::exchange(first_noise_, {});
    if (noise_ > 1) why += "; this and what followed, " + std::to_string(noise_) + " in all, are no messages";
    noise_ = 0;
    lost(error(errc::invalid_request, std::move(why)));
}

std::string session::place_of_message(const std::string& problem) const {
    return "message " + std::to_string(channel_.counters().messages_received) + ": " + problem;
}

void session::invalid(const incoming_item& item, const std::shared_ptr<batch>& together) {
    ++(item.over_limit ? counted_.refused : counted_.invalid_messages);
    if (item.has_number && calls_->find(item.number) != nullptr) return end_broken(item);
    const bool can_be_answered = item.answer != incoming_item::reply::none;
    auto& text = scratch();
    if (can_be_answered && !wire_->write_bad(text, item))
        return lost(error(errc::invalid_request, place_of_message(item.problem)));
    if (!is_answered(item)) return;
    // Answers to what is invalid are not kept for a side that does not read them.
    if (unsent_bytes_ + text.size() > options_.unsent_bytes)
        return lost(error(parley::errc::limit_exceeded,
                          place_of_message(item.problem) + "; and the other side does not read the answers"));
    served_call::details answered_at_once;
    answered_at_once.together = together;
    answered_at_once.id = item.id;
    answer(answered_at_once, text);
}

// An answer that cannot be understood, or something that may have been one.
void session::end_broken(const incoming_item& item) {
    if (!item.has_number && calls_->due() == 0)  // nothing tells what it belongs to, nor what the next one does
        return lost(error(errc::invalid_request, place_of_message(item.problem)));
    const auto call = take_answered(item);
    if (!call) return;
    call->fail(call_error(make_error_code(errc::invalid_reply), call->method, item.problem));
}

}  // namespace parley::rpc::detail
