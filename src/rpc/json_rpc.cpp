// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How JSON-RPC is written. How it is read: json_rpc_read.cpp.

#include "rpc/json_rpc.hpp"

#include <string>
#include <utility>

namespace parley::rpc::detail {
namespace {

constexpr std::string_view head = "{\"jsonrpc\":\"2.0\"";

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
    append_id(end_, {.number = id});
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
    write_fault(to, item.answer == incoming_item::reply::to_call ? item.id : call_id{.literal = "null"},
                fault(item.code, {}, item.problem));
    return true;
}

}  // namespace parley::rpc::detail
