// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "rpc/json_rpc.hpp"

#include <algorithm>
#include <utility>

namespace parley::rpc::detail {
namespace {

using item_kind = incoming_item::kind;

constexpr std::string_view head = "{\"jsonrpc\":\"2.0\"";

// What is written as JSON again: ids that are no small integers, tokens.
std::string literal_of(element e) {
    std::string text;
    json_encoder to(text);
    value(e).encode(to);
    return text;
}

void bad(incoming& into, std::int64_t number, std::string why, std::string id = "null") {
    auto& item = into.add(item_kind::bad);
    item.id.number = number;  // of the fault
    item.id.literal = std::move(id);
    item.problem = std::move(why);
}

void append_member(std::string& to, std::string_view name, std::int64_t number) {
    std::string member;
    json_encoder e(member);
    e.name(name);
    e.integer(number);
    to += member;
}

// "a.b" is {"a":{"b":…}}.
std::string nested(std::string_view names, std::string_view inner) {
    const auto dot = names.find('.');
    const bool last = dot == std::string_view::npos;
    std::string text;
    json_encoder to(text);
    to.name(names.substr(0, dot));
    if (last)
        to.raw(inner);
    else
        to.raw("{" + nested(names.substr(dot + 1), inner) + "}");
    return text;
}

}  // namespace

std::string_view standard_text(std::int64_t number) noexcept {
    switch (number) {
        case fault_code::parse_error:
            return "Parse error";
        case fault_code::invalid_request:
            return "Invalid Request";
        case fault_code::method_not_found:
            return "Method not found";
        case fault_code::invalid_params:
            return "Invalid params";
        case fault_code::internal_error:
            return "Internal error";
        default:
            return {};
    }
}

void append_id(std::string& to, const call_id& id) {
    if (!id.literal.empty())
        to += id.literal;
    else
        json_encoder(to).integer(id.number);
}

// --- writing

encoder& json_rpc_wire::begin(std::string& to, const outgoing_call& call) {
    to_ = &to;
    to += head;
    encoder_.append_to(to);
    encoder_.reset();
    encoder_.inject({});
    encoder_.name("method");
    encoder_.text(call.method);
    if (call.has_params) encoder_.name("params");
    return encoder_;
}

encoder& json_rpc_wire::begin_call(std::string& to, std::uint32_t id, const outgoing_call& call) {
    begin(to, call);
    end_.clear();
    if (call.deadline.count() > 0 && !options_->deadline_member.empty()) {
        end_ += ',';
        append_member(end_, options_->deadline_member, call.deadline.count());
    }
    end_ += ",\"id\":";
    append_id(end_, {id, {}});
    end_ += '}';
    if (call.wants_parts) {
        if (call.has_params)
            encoder_.inject(nested(options_->request_token, std::to_string(id)));
        else
            to += ",\"params\":{" + nested(options_->request_token, std::to_string(id)) + "}";
    }
    return encoder_;
}

encoder& json_rpc_wire::begin_notification(std::string& to, const outgoing_call& call) {
    begin(to, call);
    end_ = "}";
    return encoder_;
}

void json_rpc_wire::end_call() {
    if (encoder_.waits()) encoder_.fail("a call that wants partial results needs its arguments by name");
    *to_ += end_;
}

encoder& json_rpc_wire::begin_result(std::string& to, const call_id& id) {
    to_ = &to;
    to += head;
    to += ",\"result\":";
    encoder_.append_to(to);
    encoder_.reset();
    encoder_.inject({});
    end_ = ",\"id\":";
    append_id(end_, id);
    end_ += '}';
    return encoder_;
}

void json_rpc_wire::end_result() { *to_ += end_; }

encoder* json_rpc_wire::begin_part(std::string& to, const call_id&, std::string_view token) {
    if (token.empty() || options_->progress_method.empty()) return nullptr;
    begin(to, {.method = options_->progress_method});
    if (options_->progress_value.empty()) {  // the value is a map, and the token lies in it
        encoder_.inject(nested(options_->progress_token, token));
        end_ = "}";
        return &encoder_;
    }
    to += "{" + nested(options_->progress_token, token);
    encoder_.name(options_->progress_value);
    end_ = "}}";
    return &encoder_;
}

void json_rpc_wire::end_part() {
    if (encoder_.waits()) encoder_.fail("a partial result of this protocol is a map");
    *to_ += end_;
}

void json_rpc_wire::write_fault(std::string& to, const call_id& id, const fault& f) {
    to += head;
    to += ",\"error\":{\"code\":";
    json_encoder e(to);
    e.integer(f.number());
    e.name("message");
    const auto standard = standard_text(f.number());
    e.text(f.message().empty() ? standard : std::string_view(f.message()));
    const bool says_it_all = f.number() == fault_code::method_not_found && f.message().empty();
    if (!f.data().is_null() && !says_it_all) {
        const auto before = to.size();
        e.name("data");
        f.data().encode(e);
        if (e.failed()) to.resize(before);
    }
    to += "},\"id\":";
    append_id(to, id);
    to += '}';
}

bool json_rpc_wire::write_cancel(std::string& to, std::uint32_t id) {
    if (options_->cancel_method.empty()) return false;
    auto& e = begin_notification(to, {.method = options_->cancel_method});
    e.begin_map(1);
    e.name(options_->cancel_id);
    e.integer(id);
    e.end_map();
    end_call();
    return true;
}

bool json_rpc_wire::write_bad(std::string& to, const incoming_item& item) {
    write_fault(to, {0, item.id.literal}, fault(item.id.number, {}, item.problem));
    return true;
}

// --- reading

void json_rpc_wire::read(std::string_view message, incoming& into) {
    into.clear();
    if (auto outcome = parse_json(message, into.values); !outcome.good())
        return bad(into, fault_code::parse_error, std::move(outcome.problem));
    const element root = into.values.root();
    if (root.kind() != kind::array) return read_one(root, into);
    if (root.size() == 0) return bad(into, fault_code::invalid_request, "a batch without a call");
    if (root.size() > into.most_items) {
        bad(into, fault_code::invalid_request, "a batch of more than " + std::to_string(into.most_items));
        into.items.back().over_limit = true;
        return;
    }
    into.batch = true;
    for (const element one : root) read_one(one, into);
}

void json_rpc_wire::read_one(element message, incoming& into) {
    if (message.kind() != kind::map)
        return bad(into, fault_code::invalid_request,
                   "a map was expected, not " + std::string(to_string(message.kind())));
    std::optional<element> version, id, method, result, error;
    for (const auto& [name, v] : message.pairs()) {
        if (name == "jsonrpc")
            version = v;
        else if (name == "id")
            id = v;
        else if (name == "method")
            method = v;
        else if (name == "result")
            result = v;
        else if (name == "error")
            error = v;
    }
    if (!version || version->text() != "2.0")
        return bad(into, fault_code::invalid_request, "\"jsonrpc\": \"2.0\" was expected",
                   id && method ? literal_of(*id) : "null");
    if (method || (!result && !error)) return read_call(message, id ? &*id : nullptr, into);
    auto& item = into.add(error && !error->is_null() ? item_kind::fault : item_kind::result);
    item.value = item.what == item_kind::fault ? *error : result ? *result : element();
    item.has_number = true;  // an id that is no number of ours belongs to no call
    const auto number = id ? id->unsigned_integer() : std::nullopt;
    if (number && *number <= UINT32_MAX)
        item.number = static_cast<std::uint32_t>(*number);
    else
        item.problem = id ? "the id " + literal_of(*id) : "no id";
}

void json_rpc_wire::read_call(element message, const element* id, incoming& into) {
    const auto method = message.find("method");
    const auto params = message.find("params");
    const auto refuse = [&](std::string why) {
        const bool shown = id != nullptr && id->kind() != kind::map && id->kind() != kind::array;
        bad(into, fault_code::invalid_request, std::move(why), shown ? literal_of(*id) : "null");
    };
    if (!method) return refuse("neither a method nor a result");
    if (!method->text()) return refuse("the method is not text");
    const bool structured = params && (params->kind() == kind::array || params->kind() == kind::map);
    if (params && !structured && !params->is_null()) return refuse("the params are neither an array nor a map");
    if (id != nullptr && (id->kind() == kind::map || id->kind() == kind::array || id->kind() == kind::boolean))
        return refuse("the id is neither text nor a number");
    auto& item = into.add(id != nullptr ? item_kind::call : item_kind::notification);
    item.method = *method->text();
    if (structured) {
        item.has_params = true;
        item.params = *params;
    }
    if (id == nullptr) {
        read_convention(item);
        return;
    }
    if (const auto number = id->integer())
        item.id.number = *number;
    else
        item.id.literal = literal_of(*id);
    constexpr std::uint64_t longest_deadline = 1000ULL * 60 * 60 * 24 * 365;
    if (const auto limit = options_->deadline_member.empty() ? std::nullopt : message.find(options_->deadline_member)) {
        if (const auto ms = limit->unsigned_integer())
            item.deadline = std::chrono::milliseconds(std::min<std::uint64_t>(*ms, longest_deadline));
    }
    item.token = token_of(item.params);
    item.wants_parts = !item.token.empty();
}

// Notifications that are for the session, not for a handler.
bool json_rpc_wire::read_convention(incoming_item& item) const {
    if (!options_->cancel_method.empty() && item.method == options_->cancel_method) {
        const auto id = item.params.find(options_->cancel_id);
        if (!id) return false;
        item.what = item_kind::cancel;
        if (const auto number = id->integer())
            item.id.number = *number;
        else
            item.id.literal = literal_of(*id);
        return true;
    }
    if (!options_->progress_method.empty() && item.method == options_->progress_method) {
        const auto token = item.params.find(options_->progress_token);
        const auto number = token ? token->unsigned_integer() : std::nullopt;
        if (!number || *number > UINT32_MAX) return false;
        item.what = item_kind::part;
        item.number = static_cast<std::uint32_t>(*number);
        item.has_number = true;
        item.value = item.params;
        if (!options_->progress_value.empty())
            item.value = item.params.find(options_->progress_value).value_or(element());
        return true;
    }
    return false;
}

// The token by which a call asks for partial results, as JSON; empty: it does not.
std::string json_rpc_wire::token_of(element params) const {
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
    if (at.kind() != kind::text && at.kind() != kind::integer) return {};
    return literal_of(at);
}

fault json_rpc_wire::read_fault(const incoming_item& item) {
    const element e = item.value;
    const auto code = e.find("code");
    const auto message = e.find("message");
    const auto data = e.find("data");
    if (!code && !message) return fault(0, {}, rpc::value(e));
    return fault(code ? code->integer().value_or(0) : 0,
                 message && message->text() ? std::string(*message->text()) : std::string(),
                 data ? rpc::value(*data) : rpc::value());
}

}  // namespace parley::rpc::detail
