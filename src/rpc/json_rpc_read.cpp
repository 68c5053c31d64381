// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How JSON-RPC is read.

#include <parley/rpc/codec_base.hpp>

#include "rpc/decimal.hpp"
#include "rpc/json_rpc.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace parley::rpc::detail {
namespace {

using item_kind = incoming_item::kind;

// As JSON again: ids that are no small integers, tokens. Numbers as they were written.
std::string literal_of(element e, const tape& values) {
    if (e.kind() != kind::text) return std::string(values.digits_of(e));
    std::string text;
    json_encoder(text).text(*e.text());
    return text;
}

// False: it is no id.
bool read_id(element e, const tape& values, call_id& into) {
    into = {};
    if (e.node()->is_bad || e.size() > longest_id) return false;
    switch (e.kind()) {
        case kind::null:
            into.name = into.literal = "null";
            return true;
        case kind::integer:
        case kind::number:
            if (const auto number = e.integer()) {
                into.number = *number;
                return true;
            }
            into.literal = values.digits_of(e);
            if (const auto number = decimal(into.literal).integer())
                into.number = *number;
            else
                into.name = decimal(into.literal).canonical();
            return true;
        case kind::text:
            into.name = into.literal = literal_of(e, values);
            return into.literal.size() <= longest_id;
        default:
            return false;
    }
}

// The number that a call of ours has.
std::optional<std::uint32_t> number_of(element e, const tape& values) {
    call_id id;
    if (!read_id(e, values, id) || !id.name.empty() || !std::in_range<std::uint32_t>(id.number)) return std::nullopt;
    return static_cast<std::uint32_t>(id.number);
}

// What has this name, where nothing else has it.
std::optional<element> find_only(element map, std::string_view name) {
    std::optional<element> found;
    for (const auto& [other, of] : map.pairs()) {
        if (other != name) continue;
        if (found) return std::nullopt;
        found = of;
    }
    return found;
}

bool is_blank(std::string_view line) noexcept { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

}  // namespace

// What a message has, and what is bad in it.
struct json_rpc_wire::envelope {
    const tape& values;
    const bad_part* part;
    std::optional<element> version{}, id{}, method{}, params{}, result{}, error{}, deadline{};
    bool two_ids = false;
    bool two_aims = false;  // methods, or params
    std::string problem{};

    envelope(element message, const incoming& from, std::string_view deadline_member)
        : values(from.values), part(from.values.bad_in(message)) {
        for (const auto& [name, v] : message.pairs()) {
            if (name == "jsonrpc") {
                version = v;
            } else if (name == "id") {
                two_ids = two_ids || id;
                id = v;
            } else if (name == "method") {
                two_aims = two_aims || method;
                method = v;
            } else if (name == "params") {
                two_aims = two_aims || params;
                params = v;
            } else if (name == "result") {
                result = v;
            } else if (name == "error") {
                error = v;
            } else if (!deadline_member.empty() && name == deadline_member) {
                deadline = v;
            }
        }
        // Some write all members that there are: in an answer the method is null.
        if (method && !method->text() && (result || error)) method.reset();
        if (part != nullptr) problem = from.problem_of(*part, message);
    }

    bool is_call() const noexcept { return method.has_value(); }
    // A message with an id and no method is nothing else, and an answer is never answered.
    bool is_answer() const noexcept { return !method && (id || result || error); }
    std::int64_t code() const noexcept {
        if (part->what != bad_part::kind::twice) return fault_code::parse_error;
        const bool in_params =
            params && part->node > index(*params) && part->node < index(*params) + params->node()->nodes_with;
        return in_params ? fault_code::invalid_params : fault_code::invalid_request;
    }
    bool read_id(call_id& into) const { return id && !two_ids && detail::read_id(*id, values, into); }

private:
    std::size_t index(element e) const noexcept { return static_cast<std::size_t>(e.node() - values.nodes().data()); }
};

// Source: RFC 8259, 8.1.
std::string_view json_rpc_wire::trim(std::string_view message) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (!std::exchange(began_, true) && message.starts_with(byte_order_mark))
        message.remove_prefix(byte_order_mark.size());
    return message;
}

void json_rpc_wire::read(std::string_view message, incoming& into) {
    into.clear();
    if (options_->framing == json_framing::lines && is_blank(message)) return;
    parse_json(message, into.values);
    const element root = into.values.root();
    if (root.kind() != kind::array) return read_one(root, into);
    if (root.size() > into.most_items) return read_over_limit(into);
    if (!into.values.whole()) return read_broken_batch(into);
    if (root.size() == 0) {
        into.add_bad(fault_code::invalid_request, "a batch without a call");
        return;
    }
    into.batch = true;
    for (const element one : root) read_one(one, into);
}

// A batch of too many. What is for this side's calls is taken, no more of it than calls wait; all else is answered as
// one, where a call is in it.
void json_rpc_wire::read_over_limit(incoming& into) {
    bool has_call = false, has_notification = false, has_noise = false;
    const auto is_taken = [&](const incoming_item& item) {
        return item.is_for_this_side() && into.items.size() <= into.most_awaited + into.most_items;
    };
    for (const element one : into.values.root()) {
        const envelope from(one, into, {});
        if (from.is_call() && from.id) {
            has_call = true;
        } else if (from.is_call()) {
            read_notification(from, into);
            has_notification = true;
            if (!is_taken(into.items.back())) into.items.pop_back();
        } else if (from.is_answer()) {
            read_answer(from, into);
            if (!is_taken(into.items.back())) into.items.pop_back();
        } else {
            has_noise = true;
        }
    }
    into.add_too_much("a batch of more than " + std::to_string(into.most_items), has_call, has_notification, has_noise);
}

// One that breaks off: no call in it is carried out, and all are answered as one. The answers in it are taken.
void json_rpc_wire::read_broken_batch(incoming& into) {
    bool answers_alone = into.values.root().size() != 0;
    for (const element one : into.values.root()) {
        const envelope from(one, into, {});
        if (from.is_answer())
            read_answer(from, into);
        else
            answers_alone = false;
    }
    if (!answers_alone) into.add_bad(fault_code::parse_error, into.values.describe(*into.values.bad_in_all()));
}

void json_rpc_wire::read_one(element message, incoming& into) {
    const envelope from(message, into, options_->deadline_member);
    if (from.is_call()) return from.id ? read_call(from, into) : read_notification(from, into);
    const bool broken_off = from.part != nullptr && !into.values.whole();
    if (from.is_answer() && !(broken_off && !from.result && !from.error)) return read_answer(from, into);
    if (from.part != nullptr) {
        auto& item = into.add_bad(fault_code::parse_error, into.values.describe(*from.part));
        // It may have been an answer.
        const auto number = from.id && !from.two_ids ? number_of(*from.id, into.values) : std::nullopt;
        item.has_number = number.has_value();
        item.number = number.value_or(0);
        return;
    }
    if (message.kind() != kind::map)
        into.add_bad(fault_code::invalid_request, "a map was expected, not " + std::string(to_string(message.kind())));
    else
        into.add_bad(fault_code::invalid_request,
                     from.version ? "neither a method nor a result" : "\"jsonrpc\": \"2.0\" was expected");
}

// Whatever is wrong with the rest of it, an answer ends its call.
void json_rpc_wire::read_answer(const envelope& from, incoming& into) {
    const bool is_fault = from.error && !from.error->is_null();
    auto& item = into.add(is_fault ? item_kind::fault : item_kind::result);
    item.has_number = true;
    const auto number = from.id && !from.two_ids ? number_of(*from.id, into.values) : std::nullopt;
    item.number = number.value_or(0);  // which no call of ours has
    if (from.part == nullptr && (is_fault || from.result)) {
        item.value = is_fault ? *from.error : *from.result;
        return;
    }
    item.what = item_kind::broken;
    item.problem = from.part != nullptr ? from.problem : "neither a result nor an error";
}

void json_rpc_wire::read_call(const envelope& from, incoming& into) {
    call_id id;
    const bool has_id = from.read_id(id);
    const auto refuse = [&](std::int64_t code, std::string why) {
        auto& item = into.add_bad(code, std::move(why));
        if (!has_id) return;
        item.answer = incoming_item::reply::to_call;
        item.id = std::move(id);
    };
    const auto refuse_request = [&](std::string why) { refuse(fault_code::invalid_request, std::move(why)); };
    if (from.part != nullptr) return refuse(from.code(), from.problem);
    if (!has_id)
        return refuse_request(from.id->size() > longest_id
                                  ? "the id has more than " + std::to_string(longest_id) + " bytes"
                                  : "the id is neither text nor a number");
    if (!from.version || from.version->text() != "2.0") return refuse_request("\"jsonrpc\": \"2.0\" was expected");
    if (!from.method->text()) return refuse_request("the method is not text");
    const bool structured = from.params && (from.params->kind() == kind::array || from.params->kind() == kind::map);
    if (from.params && !structured && !from.params->is_null())
        return refuse_request("the params are neither an array nor a map");
    auto& item = into.add(item_kind::call);
    item.method = *from.method->text();
    item.id = std::move(id);
    if (structured) {
        item.has_params = true;
        item.params = *from.params;
    }
    constexpr std::uint64_t longest_deadline = 1000ULL * 60 * 60 * 24 * 365;
    if (from.deadline) {
        if (const auto ms = from.deadline->unsigned_integer())
            item.deadline = std::chrono::milliseconds(std::min<std::uint64_t>(*ms, longest_deadline));
    }
    item.token = token_of(item.params, into.values);
    item.wants_parts = !item.token.empty();
}

void json_rpc_wire::read_notification(const envelope& from, incoming& into) {
    const auto refuse = [&](std::string why) { into.add_bad(fault_code::invalid_request, std::move(why)); };
    // Of one that breaks off it is not known whether it has an id.
    if (from.part != nullptr && !into.values.whole()) {
        into.add_bad(fault_code::parse_error, from.problem);
        return;
    }
    if (!from.version || from.version->text() != "2.0") return refuse("\"jsonrpc\": \"2.0\" was expected");
    if (!from.method->text()) return refuse("the method is not text");
    const bool structured = from.params && (from.params->kind() == kind::array || from.params->kind() == kind::map);
    if (from.params && !structured && !from.params->is_null() && from.part == nullptr)
        return refuse("the params are neither an array nor a map");
    auto& item = into.add(item_kind::notification);
    item.method = *from.method->text();
    if (structured) {
        item.has_params = true;
        item.params = *from.params;
    }
    const bool taken = !from.method->node()->is_bad && !from.two_aims && read_convention(item, into.values);
    if (from.part == nullptr || (taken && item.what == item_kind::cancel)) return;
    item.what = taken ? item_kind::broken : item_kind::bad;
    item.answer = incoming_item::reply::none;
    item.problem = from.problem;
}

// Notifications that are for the session, not for a handler.
bool json_rpc_wire::read_convention(incoming_item& item, const tape& values) const {
    if (!options_->cancel_method.empty() && item.method == options_->cancel_method) {
        const auto id = find_only(item.params, options_->cancel_id);
        if (!id || !read_id(*id, values, item.id)) return false;
        item.what = item_kind::cancel;
        return true;
    }
    if (!options_->progress_method.empty() && item.method == options_->progress_method) {
        const auto token = find_only(item.params, options_->progress_token);
        const auto number = token ? number_of(*token, values) : std::nullopt;
        if (!number) return false;
        item.what = item_kind::part;
        item.number = *number;
        item.has_number = true;
        item.value = item.params;
        if (!options_->progress_value.empty())
            item.value = item.params.find(options_->progress_value).value_or(element());
        return true;
    }
    return false;
}

// The token by which a call asks for partial results, as JSON; empty: it does not.
std::string json_rpc_wire::token_of(element params, const tape& values) const {
    if (params.kind() != kind::map) return {};
    std::string_view names = options_->request_token;
    element at = params;
    while (!names.empty()) {
        const auto dot = names.find('.');
        const auto found = at.find(names.substr(0, dot));
        if (!found) return {};
        at = *found;
        names = dot == std::string_view::npos ? std::string_view() : names.substr(dot + 1);
    }
    if (at.kind() != kind::text && at.kind() != kind::integer && at.kind() != kind::number) return {};
    return at.size() > longest_id ? std::string() : literal_of(at, values);
}

fault json_rpc_wire::read_fault(const incoming_item& item) {
    const element e = item.value;
    const auto code = e.find("code");
    const auto message = e.find("message");
    const auto data = e.find("data");
    if (!code && !message) return fault(0, {}, rpc::value(e));
    std::int64_t number = 0;
    decode_error ignored;
    if (code && !codec<std::int64_t>::decode(*code, number, ignored)) number = 0;
    return fault(number, message && message->text() ? std::string(*message->text()) : std::string(),
                 data ? rpc::value(*data) : rpc::value());
}

}  // namespace parley::rpc::detail
